/* Connections that are held back: what they sent is not handled, and they are not read from, until
 * it is their turn again.
 *
 * Thread: owner.
 */
#pragma once

#include <stddef.h>

struct net_conn;

/* Zeroes are an empty one. */
struct net_held {
    struct net_conn **conns;
    size_t count;
    size_t cap;
};

void net_held_add(struct net_held *held, struct net_conn *conn);

/* Where it is there. */
void net_held_remove(struct net_held *held, const struct net_conn *conn);
void net_held_deinit(struct net_held *held);
