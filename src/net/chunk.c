#include "net/chunk.h"

#include "base/check.h"

#include <string.h>

#define ACCOUNTS_COUNT 65536
/* The account of those that have none: nobody looks at it. */
#define NO_ACCOUNT 1
#define ACCOUNT_MIN 2

static atomic_size_t held_bytes;
static atomic_size_t held_bytes_of[ACCOUNTS_COUNT];

uint16_t net_chunk_account(uint64_t hash)
{
    return (uint16_t)(hash % (ACCOUNTS_COUNT - ACCOUNT_MIN) + ACCOUNT_MIN);
}

/* As it is kept in a chunk; not 0. */
static uint32_t pack(struct net_chunk_holder holder)
{
    const uint32_t app = holder.app != NET_CHUNK_NOBODY ? holder.app : NO_ACCOUNT;
    const uint32_t user = holder.user != NET_CHUNK_NOBODY ? holder.user : NO_ACCOUNT;

    return app << 16 | user;
}

static void count_held(const struct net_chunk *chunk, uint32_t holder, bool is_more)
{
    const size_t len = sizeof *chunk + chunk->cap;
    const size_t change = is_more ? len : -len;

    atomic_fetch_add_explicit(&held_bytes, change, memory_order_relaxed);
    atomic_fetch_add_explicit(&held_bytes_of[holder >> 16], change, memory_order_relaxed);
    atomic_fetch_add_explicit(&held_bytes_of[holder & UINT16_MAX], change, memory_order_relaxed);
}

struct net_chunk *net_chunk_new(size_t cap)
{
    /* Not zeroed: all of it is written before it is read. */
    struct net_chunk *chunk = malloc(sizeof *chunk + cap);

    CHECK(chunk != NULL && cap <= UINT32_MAX);
    atomic_init(&chunk->refs, 1);
    atomic_init(&chunk->holder, 0);
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
    uint32_t holder;

    if (chunk == NULL || atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel) != 1)
        return;
    holder = atomic_load_explicit(&chunk->holder, memory_order_relaxed);
    if (holder != 0)
        count_held(chunk, holder, false);
    free(chunk);
}

void net_chunk_append(struct net_chunk *chunk, const void *data, size_t len)
{
    CHECK(chunk->cap - chunk->len >= len);
    if (len > 0)
        memcpy(chunk->data + chunk->len, data, len);
    chunk->len += (uint32_t)len;
}

void net_chunk_hold(struct net_chunk *chunk, struct net_chunk_holder holder)
{
    uint32_t none = 0;

    if (atomic_load_explicit(&chunk->holder, memory_order_relaxed) == 0 &&
        atomic_compare_exchange_strong_explicit(&chunk->holder, &none, pack(holder),
                                                memory_order_relaxed, memory_order_relaxed))
        count_held(chunk, pack(holder), true);
}

size_t net_chunk_held_bytes(void)
{
    return atomic_load_explicit(&held_bytes, memory_order_relaxed);
}

size_t net_chunk_held_bytes_of(uint16_t account)
{
    return atomic_load_explicit(&held_bytes_of[account], memory_order_relaxed);
}

struct bytes net_chunk_bytes(const struct net_chunk *chunk)
{
    return (struct bytes){chunk->data, chunk->len};
}
