/* Connections that are held back: their input is not handled, and nothing is read from them, until
 * they are resumed.
 *
 * Thread: owner.
 */
#pragma once

#include <stddef.h>

struct net_stream;

/* Zero-initialised is empty. */
struct net_held {
    struct net_stream **streams;
    size_t count;
    size_t cap;
};

void net_held_add(struct net_held *held, struct net_stream *stream);

/* Removes the connection if it is there. */
void net_held_remove(struct net_held *held, const struct net_stream *stream);
void net_held_deinit(struct net_held *held);
