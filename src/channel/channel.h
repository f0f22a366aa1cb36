/* A channel: its name, its subscribers on all workers, its members, its cached event.
 *
 * Thread: fixed fields any; `receivers[w]` only worker w; the rest as noted below.
 * Life: counted. Its registry lists it while it has a subscription or a cached event.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "channel/kind.h"
#include "channel/presence.h"
#include "channel/receivers.h"
#include "ws/message.h"

#include <stdatomic.h>

/* Each worker is one bit of `workers`. */
#define CHANNEL_WORKERS_COUNT_MAX 64

struct channel_registry;

/* The last event of a cache channel; under the state lock. */
struct channel_cache {
    struct list link; /* in the registry's list of cached events, under its cache lock */
    struct channel *channel;
    struct ws_message *event; /* NULL: none is cached */
    uint64_t expires_ms;      /* changed under both locks */
};

/* The fields that a lookup touches come first. */
struct channel {
    struct map_entry entry; /* under the shard lock; the hash is fixed */

    /* Fixed. */
    struct channel_registry *registry;
    char *name; /* stored behind `receivers` */
    uint32_t name_len;
    struct channel_kind kind;

    atomic_size_t *owner_refs; /* of what must outlive it; NULL: nothing */
    atomic_uint refs;
    _Atomic(uint64_t) workers; /* those with subscribers; changed under the shard lock */

    atomic_uint told_count;  /* the subscription count that subscribers were last notified of */
    bool has_newcomers;      /* some were not notified yet; the cluster's thread only */
    atomic_bool told_online; /* of a user's watchers: what they were last notified of */

    /* Changed under the shard lock; any thread may read the count. */
    atomic_uint subscriptions_count;
    bool is_listed; /* the registry lists it */

    /* One element a worker, NULL if it has no subscriber; `own_worker` uses `own`. */
    uint32_t own_worker; /* fixed */
    struct channel_receivers own;

    /* Under the state lock; NULL for other kinds. */
    struct channel_presence *presence;
    struct channel_cache *cache;

    struct channel_receivers *receivers[];
};

/* `worker`: the one that is expected to have subscribers. The channel counts in `owner_refs` (may
 * be NULL) until it is freed. */
struct channel *channel_new(struct channel_registry *registry, struct bytes name, uint64_t hash,
                            struct channel_kind kind, size_t workers_count, size_t worker,
                            atomic_size_t *owner_refs);
struct channel *channel_ref(struct channel *channel);
void channel_unref(struct channel *channel);

struct bytes channel_name(const struct channel *channel);

/* The worker's receivers: hold makes them if there are none, drop frees them once they are empty.
 * Only on that worker. */
struct channel_receivers *channel_hold_receivers(struct channel *channel, size_t worker);
void channel_drop_receivers(struct channel *channel, size_t worker);
