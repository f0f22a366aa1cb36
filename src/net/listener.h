/* A worker's door: accepts what comes to its listening socket, while there is room.
 *
 * Thread: owner. Life: net_listener_open() to the end of the turn after net_listener_close().
 */
#pragma once

#include "net/loop.h"

struct net_listener;

/* A connection that was counted in the loop's descriptors; takes `fd`. */
typedef void (*net_listener_accept_fn)(int fd, void *user);

/* Takes `fd`, a listening socket. NULL where the system refuses. */
struct net_listener *net_listener_open(struct net_loop *loop, int fd,
                                       net_listener_accept_fn on_accept, void *user);

/* Nothing is accepted from now on; frees itself. */
void net_listener_close(struct net_listener *listener);
