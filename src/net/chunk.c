#include "net/chunk.h"

#include "base/check.h"

#include <string.h>

static atomic_size_t held_bytes;

struct net_chunk *net_chunk_new(size_t cap)
{
    /* Not zeroed: all of it is written before it is read. */
    struct net_chunk *chunk = malloc(sizeof *chunk + cap);

    CHECK(chunk != NULL && cap <= UINT32_MAX);
    atomic_init(&chunk->refs, 1);
    atomic_init(&chunk->is_held, false);
    chunk->len = 0;
    chunk->cap = (uint32_t)cap;
    return chunk;
}

struct net_chunk *net_chunk_ref(struct net_chunk *chunk)
{
    atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
    return chunk;
}

void net_chunk_unref(struct net_chunk *chunk)
{
    if (chunk == NULL || atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (atomic_load_explicit(&chunk->is_held, memory_order_relaxed))
        atomic_fetch_sub_explicit(&held_bytes, sizeof *chunk + chunk->cap, memory_order_relaxed);
    free(chunk);
}

void net_chunk_append(struct net_chunk *chunk, const void *data, size_t len)
{
    CHECK(chunk->cap - chunk->len >= len);
    if (len > 0)
        memcpy(chunk->data + chunk->len, data, len);
    chunk->len += (uint32_t)len;
}

void net_chunk_hold(struct net_chunk *chunk)
{
    if (!atomic_load_explicit(&chunk->is_held, memory_order_relaxed) &&
        !atomic_exchange_explicit(&chunk->is_held, true, memory_order_relaxed))
        atomic_fetch_add_explicit(&held_bytes, sizeof *chunk + chunk->cap, memory_order_relaxed);
}

size_t net_chunk_held_bytes(void)
{
    return atomic_load_explicit(&held_bytes, memory_order_relaxed);
}

struct bytes net_chunk_bytes(const struct net_chunk *chunk)
{
    return (struct bytes){chunk->data, chunk->len};
}
