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

/* Sends a command that is answered by lines for as long as the server runs. Returns the descriptor
 * to read them from; -1, and the error message in `error`, if there is no server. */
int server_ask_stream(uint16_t port, const char *command, struct buffer *error);
