/* A worker's listening socket: accepts connections while there is room. Otherwise new connections
 * wait in the kernel's queue until there is.
 *
 * Thread: owner. Life: net_listener_open() to the end of the turn after net_listener_close().
 */
#pragma once

#include "net/loop.h"

struct net_listener;

struct net_listener_events {
    /* A new connection, counted in the loop's descriptors; takes `fd`. */
    void (*on_accept)(int fd, void *user);
    /* A connection waits and there is no room: true if another one was closed to make room. */
    bool (*on_full)(void *user);
};

/* Takes `fd`, a listening socket. NULL if the system refuses. */
struct net_listener *net_listener_open(struct net_loop *loop, int fd,
                                       const struct net_listener_events *events, void *user);

/* Accepts nothing from now on; the listener frees itself. */
void net_listener_close(struct net_listener *listener);
