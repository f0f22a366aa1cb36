/* How many descriptors this process may have open, and their shares: WebSocket clients never use
 * the last ones, so that publishers can still connect.
 *
 * Thread: net_descriptors_init() main; the rest any.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct net_descriptors {
    size_t limit;           /* granted by the system */
    size_t connections_max; /* open at one time, of every kind */
    size_t websockets_max;  /* how many of these may be WebSocket connections */
    atomic_size_t connections_count;
    atomic_size_t websockets_count;
};

/* Raises the soft limit to the hard one and computes the shares. */
void net_descriptors_init(struct net_descriptors *descriptors);

/* Counts one; false, and nothing is counted, if there is no room for it. */
bool net_descriptors_take_connection(struct net_descriptors *descriptors);
bool net_descriptors_take_websocket(struct net_descriptors *descriptors);

/* Counts one even if there is no room: for the few outgoing connections of the server itself, which
 * must succeed however many clients there are. */
void net_descriptors_add_connection(struct net_descriptors *descriptors);

void net_descriptors_give_connection(struct net_descriptors *descriptors);
void net_descriptors_give_websocket(struct net_descriptors *descriptors);
