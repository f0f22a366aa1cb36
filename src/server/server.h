/* The whole server: workers, signals, reloads, its end.
 *
 * Thread: main.
 */
#pragma once

#include "server/start.h"

/* Runs until it is asked to end. Returns the exit status: 0, or 1 with one line in `error`. */
int server_run(const struct server_start *start, struct buffer *error);
