/* What a start does before it serves, without serving: for `reverb config --check` and the doctor.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"
#include "config/config.h"

/* Opens certificate, key and ports, and closes them again. The ports of a running server with that
 * port are its own: a new one would take them over. False, and one line in `error`, if a start
 * would fail. */
bool server_check(const struct config *config, struct buffer *error);

/* The pid of the running server with that port; 0 if there is none. */
int server_check_pid(uint16_t port);
