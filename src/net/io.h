/* How the sockets of this process are served: decided once, at start, for all workers.
 *
 * - `io_uring`: epoll says which sockets are ready, and what many connections send or receive in
 * one turn is one system call (net/ring.h);
 * - `epoll`: each send and each receive is a system call;
 * - `portable`: the same, and libuv says which sockets are ready (net/poller.h).
 *
 * Thread: main decides; any reads.
 */
#pragma once

#include <stdbool.h>

struct net_io {
    const char *name;   /* as above */
    const char *reason; /* why it is not io_uring, though that was wanted; NULL: none */
    bool has_batches;   /* the workers' loops call net_loop_use_batch() */
};

struct net_io net_io_choose(bool wants_uring);
