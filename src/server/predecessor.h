/* The running server whose place this process takes: it gives its listening sockets, serves on
 * until it hears that this one serves, and then ends.
 *
 * REVERB_SUCCEEDS names its control socket, if it (or `php artisan reverb:start`) has started this
 * process; otherwise it is the one on our port, if it waits for somebody.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <sys/types.h>

struct server_predecessor {
    int fd; /* -1: there is none */
    /* The process that stays for the process manager's sake when servers succeed one another. 0:
     * none. */
    pid_t minder;
    pid_t parent; /* at the start */
};

/* Takes note of the variables, and takes them away from what is started later. */
void server_predecessor_open(struct server_predecessor *predecessor);

/* The sockets of the predecessor, or of a server on `port` that waits for one; they are the
 * caller's to close. How many. */
size_t server_predecessor_take_sockets(struct server_predecessor *predecessor, uint16_t port,
                                       int *fds);

/* This process serves: the predecessor may end. */
void server_predecessor_say_ready(struct server_predecessor *predecessor);

/* This process cannot start: the predecessor serves on. */
void server_predecessor_say_failed(struct server_predecessor *predecessor, struct bytes error);

/* Neither the process that started this one nor the minder is there any more. */
bool server_predecessor_is_orphan(const struct server_predecessor *predecessor);
