/* The control socket of the running server, for `reverb status`, `stop`, `restart` and `reload`,
 * and for a process that succeeds it and takes over its listening sockets. It is in a folder that
 * only its user may enter. Lines in, lines out.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <sys/types.h>
#include <uv.h>

struct server_control;

/* One connection. It lives until it was answered or its peer has gone. */
struct server_control_caller;

struct server_control_events {
    /* Each line received. It is answered within the call or later. */
    void (*on_command)(struct server_control_caller *caller, struct bytes command, void *user);
    /* The caller is about to be freed, whether it was answered or not. */
    void (*on_gone)(struct server_control_caller *caller, void *user);
};

/* Opens the socket of that port. It replaces the socket of a server that was killed and, with
 * `replaces`, that of the server that this one succeeds. NULL, and one line in `error`, if it
 * fails. */
struct server_control *server_control_open(uv_loop_t *loop, uint16_t port, bool replaces,
                                           const struct server_control_events *events, void *user,
                                           struct buffer *error);

/* The path of its socket, borrowed. */
const char *server_control_path(const struct server_control *control);

/* The process that has connected; 0 if the system does not say. */
pid_t server_control_peer(const struct server_control_caller *caller);

/* Sends `answer` as a line (the line end is added) and closes. */
void server_control_answer(struct server_control_caller *caller, struct bytes answer);

/* Sends whole lines and goes on, for as long as the caller is there; takes their memory, `lines` is
 * empty afterwards. False, and nothing is sent, if the caller has not read what was sent before. */
bool server_control_stream(struct server_control_caller *caller, struct buffer *lines);

/* Sends the line `answer` with copies of the sockets, and goes on listening to the caller. False if
 * they cannot be sent. */
bool server_control_send_sockets(struct server_control_caller *caller, struct bytes answer,
                                 const int *fds, size_t count);

/* Removes the socket, unless another server has replaced it; frees itself in a later turn. */
void server_control_close(struct server_control *control);
