/* Sends a command to the running server over its control socket: for `reverb status`, `stop`,
 * `restart` and `reload`. The answer is text from outside: the caller makes it printable.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <stdint.h>

/* Sends `command` to the server on that port, which must answer one line within `within_s`. False
 * if there is none, if its socket is not trusted, or if it does not answer; `answer` is then the
 * error message. */
bool server_ask(uint16_t port, const char *command, unsigned within_s, struct buffer *answer);
