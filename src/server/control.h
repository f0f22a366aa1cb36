/* How `reverb status`, `stop`, `restart` and `reload` reach the running server: a socket in a
 * folder that only its user may enter. One word in, one line out.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <uv.h>

struct server_control;

/* Answers one command: appends one line (its end is added) to `answer`. */
typedef void (*server_control_command_fn)(struct bytes command, struct buffer *answer, void *user);

/* REVERB_CONTROL names another folder. NULL where it cannot be had; `error` then says why. */
struct server_control *server_control_open(uv_loop_t *loop, uint16_t port,
                                           server_control_command_fn on_command, void *user,
                                           struct buffer *error);

/* Removes the socket; frees itself as the loop goes on. */
void server_control_close(struct server_control *control);

/* For the commands: asks the server on that port; blocks for 5 s at most. False where there is
 * none, and `answer` then says so. */
bool server_control_ask(uint16_t port, const char *command, struct buffer *answer);
