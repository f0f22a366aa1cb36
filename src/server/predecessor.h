/* The running server that this process succeeds: it sends its listening sockets, continues to serve
 * until this process is ready, and then ends.
 *
 * REVERB_SUCCEEDS names its control socket, if it (or `php artisan reverb:start`) has started this
 * process; otherwise it is the server on our port, if that one awaits a successor.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <sys/types.h>

struct server_predecessor {
    int fd; /* -1: there is none */
    /* The process that stays for the process manager when servers succeed one another
     * (server/mind.h). 0: none. */
    pid_t minder;
    pid_t parent; /* at the start */
};

/* Reads the environment variables and unsets them, so that processes started later lack them. */
void server_predecessor_open(struct server_predecessor *predecessor);

/* Receives the sockets of the predecessor, or of a server on `port` that awaits a successor; the
 * caller must close them. Returns their number. */
size_t server_predecessor_take_sockets(struct server_predecessor *predecessor, uint16_t port,
                                       int *fds);

/* Reports that this process serves: the predecessor may end. */
void server_predecessor_say_ready(struct server_predecessor *predecessor);

/* Reports that this process cannot start: the predecessor continues to serve. */
void server_predecessor_say_failed(struct server_predecessor *predecessor, struct bytes error);

/* Whether both the process that started this one and the minder have ended. */
bool server_predecessor_is_orphan(const struct server_predecessor *predecessor);
