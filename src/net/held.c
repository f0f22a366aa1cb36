#include "net/held.h"

#include "base/mem.h"

#include <stdlib.h>

void net_held_add(struct net_held *held, struct net_conn *conn)
{
    held->conns = mem_room(held->conns, held->count, &held->cap, sizeof(struct net_conn *));
    held->conns[held->count++] = conn;
}

void net_held_remove(struct net_held *held, const struct net_conn *conn)
{
    for (size_t i = 0; i < held->count; i++)
        if (held->conns[i] == conn) {
            held->conns[i] = held->conns[--held->count];
            return;
        }
}

void net_held_deinit(struct net_held *held)
{
    free(held->conns);
    *held = (struct net_held){0};
}
