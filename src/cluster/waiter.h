/* A connection that waits for an answer of the cluster.
 *
 * Thread: any.
 */
#pragma once

#include <stdint.h>

/* A connection may wait twice at a time (it subscribes, unsubscribes, and subscribes again): the
 * token, chosen by the caller, identifies the request that is answered. */
struct cluster_waiter {
    uint64_t socket_id;
    uint64_t token;
};

/* No connection: the answer concerns all. */
#define CLUSTER_WAITER_NONE ((struct cluster_waiter){0})
