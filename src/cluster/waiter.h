/* Who waits for an answer of the cluster.
 *
 * Thread: any.
 */
#pragma once

#include <stdint.h>

/* A connection may wait twice at one time (it subscribes, leaves, and
 * subscribes again): the token, the caller's own, tells which of them is answered. */
struct cluster_waiter {
    uint64_t socket_id;
    uint64_t token;
};
