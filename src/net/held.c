#include "net/held.h"

#include "base/mem.h"

#include <stdlib.h>

void net_held_add(struct net_held *held, struct net_stream *stream)
{
    held->streams = mem_room(held->streams, held->count, &held->cap, sizeof(struct net_stream *));
    held->streams[held->count++] = stream;
}

void net_held_remove(struct net_held *held, const struct net_stream *stream)
{
    for (size_t i = 0; i < held->count; i++)
        if (held->streams[i] == stream) {
            held->streams[i] = held->streams[--held->count];
            return;
        }
}

void net_held_deinit(struct net_held *held)
{
    free(held->streams);
    *held = (struct net_held){0};
}
