/* The port, shared by all workers. Thread: main, before the workers start. */
#pragma once

#include "config/config.h"

/* Fills `fds` with a listening socket for each worker, and `port` with theirs. False after one line
 * on standard error that says what is in the way. */
bool server_listen(const struct config *config, size_t workers_count, uint16_t *port, int *fds);
