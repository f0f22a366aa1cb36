/* A channel: its name, its subscribers on all workers, its members, its last event.
 *
 * Thread: what is fixed after the start any; `receivers[w]` only worker w; the rest as said below.
 * Life: counted. It stands in its registry while somebody is subscribed or an event is kept.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "channel/kind.h"
#include "channel/presence.h"
#include "channel/receivers.h"
#include "ws/message.h"

#include <stdatomic.h>

/* A bit each in `workers`. */
#define CHANNEL_WORKERS_COUNT_MAX 64

struct channel_registry;

/* The last event of a cache channel; under the state lock. */
struct channel_cache {
    struct list link; /* among all that keep one, under the registry's cache lock */
    struct channel *channel;
    struct ws_message *event; /* NULL: none is kept */
    uint64_t expires_ms;      /* changed under both locks */
};

/* What a look for it touches comes first. */
struct channel {
    struct map_entry entry; /* under the shard lock, but the hash, which is fixed */

    /* Fixed. */
    struct channel_registry *registry;
    char *name; /* behind `receivers` */
    uint32_t name_len;
    struct channel_kind kind;

    atomic_uint refs;
    _Atomic(uint64_t) workers; /* those that have subscribers; changed under the shard lock */

    atomic_uint told_count; /* of subscriptions, as its subscribers were told last */
    bool has_newcomers;     /* who were not told yet; the cluster's thread's */

    /* Under the shard lock; the count may be read by any. */
    atomic_uint subscriptions_count;
    bool is_listed; /* stands in the registry */

    /* A worker each, NULL where it has nobody; that of the worker who made the channel is `own`. */
    uint32_t own_worker; /* fixed */
    struct channel_receivers own;

    /* Under the state lock; NULL for other kinds. */
    struct channel_presence *presence;
    struct channel_cache *cache;

    struct channel_receivers *receivers[];
};

/* `worker`: the one that is likely to have subscribers. */
struct channel *channel_new(struct channel_registry *registry, struct bytes name, uint64_t hash,
                            struct channel_kind kind, size_t workers_count, size_t worker);
struct channel *channel_ref(struct channel *channel);
void channel_unref(struct channel *channel);

struct bytes channel_name(const struct channel *channel);

/* What `worker` knows of it, on that worker: made where it has nobody yet, and let go of when it
 * holds nobody any more. */
struct channel_receivers *channel_hold_receivers(struct channel *channel, size_t worker);
void channel_drop_receivers(struct channel *channel, size_t worker);
