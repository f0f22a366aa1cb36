/* A worker's door: accepts what comes to its listening socket, while there is room. When there is
 * none, whoever has connected waits in the kernel's queue until there is.
 *
 * Thread: owner. Life: net_listener_open() to the end of the turn after net_listener_close().
 */
#pragma once

#include "net/loop.h"

struct net_listener;

struct net_listener_events {
    /* A connection that was counted in the loop's descriptors; takes `fd`. */
    void (*on_accept)(int fd, void *user);
    /* Somebody waits and there is no room: true where a connection was closed to make some. */
    bool (*on_full)(void *user);
};

/* Takes `fd`, a listening socket. NULL where the system refuses. */
struct net_listener *net_listener_open(struct net_loop *loop, int fd,
                                       const struct net_listener_events *events, void *user);

/* Nothing is accepted from now on; frees itself. */
void net_listener_close(struct net_listener *listener);
