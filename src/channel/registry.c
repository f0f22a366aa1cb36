#include "channel/registry.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

#include <pthread.h>

/* Locks are taken in this order: shard, state, cache. */

#define STRIPES_COUNT CHANNEL_REGISTRY_PARTS_COUNT

struct shard {
    pthread_mutex_t lock;
    struct map channels;
} __attribute__((aligned(64)));

struct channel_registry {
    size_t workers_count;
    bool has_kinds;
    void (*on_change)(struct channel *channel, bool is_occupied, void *user); /* may be NULL */
    void *user;
    void (*on_count)(struct channel *channel, int change, void *user); /* may be NULL */
    void *count_user;
    atomic_size_t occupied_counts[CHANNEL_KIND_COUNT]; /* channels with subscribers, by kind */
    struct metrics_app *metrics;                       /* one element a worker; or NULL */
    atomic_size_t *owner_refs;                         /* each channel counts there; or NULL */
    struct shard shards[STRIPES_COUNT];
    pthread_mutex_t state_locks[STRIPES_COUNT];
    pthread_mutex_t cache_lock; /* over `cached` */
    struct list cached;         /* channels with a cached event, the first to expire in front */
};

struct channel_registry *channel_registry_new(size_t workers_count, bool has_kinds)
{
    struct channel_registry *registry =
        aligned_alloc(_Alignof(struct channel_registry), sizeof *registry);

    CHECK(registry != NULL && workers_count <= CHANNEL_WORKERS_COUNT_MAX);
    registry->workers_count = workers_count;
    registry->has_kinds = has_kinds;
    registry->on_change = NULL;
    registry->on_count = NULL;
    for (unsigned i = 0; i < CHANNEL_KIND_COUNT; i++)
        atomic_init(&registry->occupied_counts[i], 0);
    registry->metrics = NULL;
    registry->owner_refs = NULL;
    for (int i = 0; i < STRIPES_COUNT; i++) {
        pthread_mutex_init(&registry->shards[i].lock, NULL);
        registry->shards[i].channels = (struct map){0};
        pthread_mutex_init(&registry->state_locks[i], NULL);
    }
    pthread_mutex_init(&registry->cache_lock, NULL);
    list_init(&registry->cached);
    return registry;
}

void channel_registry_watch(struct channel_registry *registry,
                            void (*on_change)(struct channel *channel, bool is_occupied,
                                              void *user),
                            void *user)
{
    registry->on_change = on_change;
    registry->user = user;
}

void channel_registry_count_into(struct channel_registry *registry, struct metrics_app *metrics)
{
    registry->metrics = metrics;
}

void channel_registry_count_refs_in(struct channel_registry *registry, atomic_size_t *owner_refs)
{
    registry->owner_refs = owner_refs;
}

struct metrics_app *channel_registry_metrics(const struct channel_registry *registry, size_t worker)
{
    return registry->metrics != NULL ? &registry->metrics[worker] : NULL;
}

void channel_registry_count_for(struct channel_registry *registry,
                                void (*on_count)(struct channel *channel, int change, void *user),
                                void *user)
{
    registry->on_count = on_count;
    registry->count_user = user;
}

static struct channel *channel_of(struct map_entry *entry)
{
    return LIST_OWNER(entry, struct channel, entry);
}

static void release(struct map_entry *entry)
{
    channel_unref(channel_of(entry));
}

void channel_registry_free(struct channel_registry *registry)
{
    for (int i = 0; i < STRIPES_COUNT; i++) {
        struct shard *shard = &registry->shards[i];

        map_deinit_each(&shard->channels, release);
        pthread_mutex_destroy(&shard->lock);
        pthread_mutex_destroy(&registry->state_locks[i]);
    }
    pthread_mutex_destroy(&registry->cache_lock);
    free(registry);
}

static struct shard *shard_of(struct channel_registry *registry, uint64_t hash)
{
    /* Other bits than those by which the shard's map chooses its bucket. */
    return &registry->shards[hash >> 58];
}

static pthread_mutex_t *state_lock_of(struct channel *channel)
{
    return &channel->registry->state_locks[channel->entry.hash >> 52 & (STRIPES_COUNT - 1)];
}

void channel_registry_lock_state(struct channel *channel)
{
    pthread_mutex_lock(state_lock_of(channel));
}

void channel_registry_unlock_state(struct channel *channel)
{
    pthread_mutex_unlock(state_lock_of(channel));
}

/* --- under the shard lock ------------------------------------------------------------------- */

static struct channel *find(struct shard *shard, struct bytes name, uint64_t hash)
{
    for (struct map_entry *at = map_first(&shard->channels, hash); at != NULL;
         at = map_next(at, hash))
        if (bytes_equal(channel_name(channel_of(at)), name))
            return channel_of(at);
    return NULL;
}

static struct channel *find_or_add(struct channel_registry *registry, struct shard *shard,
                                   struct bytes name, uint64_t hash, size_t worker)
{
    struct channel *channel = find(shard, name, hash);

    if (channel == NULL) {
        const struct channel_kind kind =
            registry->has_kinds ? channel_kind_of(name) : (struct channel_kind){0};

        channel = channel_new(registry, name, hash, kind, registry->workers_count, worker,
                              registry->owner_refs);
        channel->is_listed = true;
        map_add(&shard->channels, &channel->entry, hash);
    }
    return channel;
}

static void tell(struct channel *channel, bool is_occupied)
{
    const struct channel_registry *registry = channel->registry;

    if (registry->on_change != NULL)
        registry->on_change(channel, is_occupied, registry->user);
}

static atomic_size_t *occupied_count_of(const struct channel *channel)
{
    return &channel->registry->occupied_counts[channel_kind_number(channel->kind)];
}

static void count(struct channel *channel, int change)
{
    const struct channel_registry *registry = channel->registry;

    if (registry->on_count != NULL)
        registry->on_count(channel, change, registry->count_user);
}

static void drop_if_unused(struct shard *shard, struct channel *channel)
{
    bool keeps_event = false;

    if (!channel->is_listed || atomic_load(&channel->subscriptions_count) > 0)
        return;
    if (channel->cache != NULL) {
        channel_registry_lock_state(channel);
        keeps_event = channel->cache->event != NULL;
        channel_registry_unlock_state(channel);
    }
    if (keeps_event)
        return;
    channel->is_listed = false;
    map_remove(&shard->channels, &channel->entry);
    channel_unref(channel);
}

/* --- subscriptions -------------------------------------------------------------------------- */

struct channel *channel_registry_find(struct channel_registry *registry, struct bytes name)
{
    const uint64_t hash = hash_bytes(name);
    struct shard *shard = shard_of(registry, hash);
    struct channel *channel;

    pthread_mutex_lock(&shard->lock);
    channel = find(shard, name, hash);
    if (channel != NULL)
        channel_ref(channel);
    pthread_mutex_unlock(&shard->lock);
    return channel;
}

struct channel *channel_registry_join(struct channel_registry *registry, struct bytes name,
                                      size_t worker, bool *is_first)
{
    const uint64_t hash = hash_bytes(name);
    struct shard *shard = shard_of(registry, hash);
    struct channel *channel;

    pthread_mutex_lock(&shard->lock);
    channel = channel_ref(find_or_add(registry, shard, name, hash, worker));
    *is_first = atomic_fetch_add(&channel->subscriptions_count, 1) == 0;
    if (*is_first) {
        atomic_fetch_add(occupied_count_of(channel), 1);
        tell(channel, true);
    }
    count(channel, 1);
    atomic_fetch_or(&channel->workers, UINT64_C(1) << worker);
    pthread_mutex_unlock(&shard->lock);
    return channel;
}

bool channel_registry_leave(struct channel *channel, size_t worker, bool is_last_of_worker)
{
    struct shard *shard = shard_of(channel->registry, channel->entry.hash);
    bool is_last;

    pthread_mutex_lock(&shard->lock);
    is_last = atomic_fetch_sub(&channel->subscriptions_count, 1) == 1;
    count(channel, -1);
    if (is_last_of_worker)
        atomic_fetch_and(&channel->workers, ~(UINT64_C(1) << worker));
    if (is_last) {
        atomic_fetch_sub(occupied_count_of(channel), 1);
        tell(channel, false);
        drop_if_unused(shard, channel);
    }
    pthread_mutex_unlock(&shard->lock);
    return is_last;
}

/* --- the cached event ----------------------------------------------------------------------- */

static void keep(struct channel *channel, struct ws_message *event, uint64_t expires_ms)
{
    struct channel_registry *registry = channel->registry;

    ws_message_unref(channel->cache->event);
    channel->cache->event = event ? ws_message_ref(event) : NULL;
    pthread_mutex_lock(&registry->cache_lock);
    channel->cache->expires_ms = expires_ms;
    list_remove(&channel->cache->link);
    if (event != NULL)
        list_append(&registry->cached, &channel->cache->link);
    pthread_mutex_unlock(&registry->cache_lock);
}

struct channel *channel_registry_lock_and_cache(struct channel_registry *registry,
                                                struct bytes name, struct ws_message *event,
                                                uint64_t expires_ms)
{
    const uint64_t hash = hash_bytes(name);
    struct shard *shard = shard_of(registry, hash);
    struct channel *channel;

    /* The state is locked before the shard is unlocked: in between the channel could be dropped. */
    pthread_mutex_lock(&shard->lock);
    channel = channel_ref(find_or_add(registry, shard, name, hash, 0));
    CHECK(channel->cache != NULL);
    channel_registry_lock_state(channel);
    keep(channel, event, expires_ms);
    pthread_mutex_unlock(&shard->lock);
    return channel;
}

void channel_registry_forget_cached(struct channel *channel)
{
    keep(channel, NULL, 0);
}

struct ws_message *channel_registry_cached(struct channel *channel, uint64_t now_ms,
                                           uint64_t *ttl_ms)
{
    const struct channel_cache *cache = channel->cache;

    if (cache == NULL || cache->event == NULL || cache->expires_ms <= now_ms)
        return NULL;
    *ttl_ms = cache->expires_ms - now_ms;
    return ws_message_ref(cache->event);
}

/* The first channel whose cached event has expired, with a reference. */
static struct channel *next_expired(struct channel_registry *registry, uint64_t now_ms)
{
    struct channel *channel = NULL;

    pthread_mutex_lock(&registry->cache_lock);
    if (!list_is_empty(&registry->cached)) {
        struct channel_cache *first = LIST_OWNER(registry->cached.next, struct channel_cache, link);

        if (first->expires_ms <= now_ms)
            channel = channel_ref(first->channel);
    }
    pthread_mutex_unlock(&registry->cache_lock);
    return channel;
}

void channel_registry_expire(struct channel_registry *registry, uint64_t now_ms)
{
    struct channel *channel;

    while ((channel = next_expired(registry, now_ms)) != NULL) {
        struct shard *shard = shard_of(registry, channel->entry.hash);

        pthread_mutex_lock(&shard->lock);
        channel_registry_lock_state(channel);
        if (channel->cache->expires_ms <= now_ms)
            keep(channel, NULL, 0);
        channel_registry_unlock_state(channel);
        drop_if_unused(shard, channel);
        pthread_mutex_unlock(&shard->lock);
        channel_unref(channel);
    }
}

/* --- all channels --------------------------------------------------------------------------- */

static bool is_wanted(struct channel *channel, struct bytes prefix)
{
    return atomic_load(&channel->subscriptions_count) > 0 &&
           bytes_starts_with(channel_name(channel), prefix);
}

void channel_registry_collect(struct channel_registry *registry, size_t part, struct bytes prefix,
                              struct buffer *channels)
{
    struct shard *shard = &registry->shards[part];

    pthread_mutex_lock(&shard->lock);
    for (struct map_entry *at = map_any(&shard->channels, NULL); at != NULL;
         at = map_any(&shard->channels, at)) {
        struct channel *channel = channel_of(at);

        if (!is_wanted(channel, prefix))
            continue;
        channel_ref(channel);
        buffer_append(channels, &channel, sizeof(struct channel *));
    }
    pthread_mutex_unlock(&shard->lock);
}

size_t channel_registry_count(struct channel_registry *registry)
{
    size_t sum = 0;

    for (unsigned i = 0; i < CHANNEL_KIND_COUNT; i++)
        sum += channel_registry_count_of_kind(registry, i);
    return sum;
}

size_t channel_registry_count_of_kind(struct channel_registry *registry, unsigned kind)
{
    return atomic_load_explicit(&registry->occupied_counts[kind], memory_order_relaxed);
}
