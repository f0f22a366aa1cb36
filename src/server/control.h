/* How `reverb status`, `stop`, `restart` and `reload` reach the running server, and how the process
 * that takes its place gets its listening sockets: a socket in a folder that only its user may
 * enter. Lines in, lines out.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <uv.h>

struct server_control;

/* One connection. It lives until it was answered or its peer has gone. */
struct server_control_asker;

struct server_control_events {
    /* Each line that comes. It is answered within the call or later. */
    void (*on_command)(struct server_control_asker *asker, struct bytes command, void *user);
    /* The asker is about to be freed, whether it was answered or not. */
    void (*on_gone)(struct server_control_asker *asker, void *user);
};

/* The socket of that port; a socket that a server left there without ending is replaced, and with
 * `replaces` that of a server which this one succeeds. NULL if it cannot be had; `error` then says
 * why. */
struct server_control *server_control_open(uv_loop_t *loop, uint16_t port, bool replaces,
                                           const struct server_control_events *events, void *user,
                                           struct buffer *error);

/* Borrowed: where its socket is. */
const char *server_control_path(const struct server_control *control);

/* Sends the line `answer` (its end is added) and closes. */
void server_control_answer(struct server_control_asker *asker, struct bytes answer);

/* Sends the line `answer` with copies of the sockets, and goes on listening to the asker. False if
 * they cannot be sent. */
bool server_control_send_sockets(struct server_control_asker *asker, struct bytes answer,
                                 const int *fds, size_t count);

/* Removes the socket, unless it is another's by now; frees itself as the loop goes on. */
void server_control_close(struct server_control *control);
