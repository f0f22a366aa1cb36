/* Asks the running server, over its control socket: how `reverb status`, `stop`, `restart` and
 * `reload` reach it. What it answers is text from outside: whoever shows it makes it printable.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <stdint.h>

/* Asks the server on that port, which has `within_s` to answer one line. False if there is none, if
 * its socket is not to be believed, or if it does not answer; `answer` then says so. */
bool server_ask(uint16_t port, const char *command, unsigned within_s, struct buffer *answer);
