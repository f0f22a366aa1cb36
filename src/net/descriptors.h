/* How many files this process may hold open, and how they are shared out: clients never take the
 * last ones, so that whoever publishes still gets in.
 *
 * Thread: net_descriptors_init() main; the rest any.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct net_descriptors {
    size_t limit;           /* what the system grants */
    size_t connections_max; /* accepted at one time, of every kind */
    size_t websockets_max;  /* of these, held by browsers */
    atomic_size_t connections_count;
    atomic_size_t websockets_count;
};

/* Raises the soft limit to the hard one and shares out what there is. */
void net_descriptors_init(struct net_descriptors *descriptors);

/* Counts one in; false where there is no room for it, and then nothing is counted. */
bool net_descriptors_take_connection(struct net_descriptors *descriptors);
bool net_descriptors_take_websocket(struct net_descriptors *descriptors);

/* Counts one in whether or not there is room: for connections of our own, few, which no crowd of
 * clients may keep out. */
void net_descriptors_add_connection(struct net_descriptors *descriptors);

void net_descriptors_give_connection(struct net_descriptors *descriptors);
void net_descriptors_give_websocket(struct net_descriptors *descriptors);
