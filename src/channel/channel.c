#include "channel/channel.h"

#include "base/mem.h"

#include <string.h>

struct channel *channel_new(struct channel_registry *registry, struct bytes name, uint64_t hash,
                            struct channel_kind kind, size_t workers_count, size_t worker,
                            atomic_size_t *owner_refs)
{
    const size_t len = sizeof(struct channel) + workers_count * sizeof(struct channel_receivers *);
    struct channel *channel = mem_new(len + name.len);

    channel->registry = registry;
    channel->owner_refs = owner_refs;
    if (owner_refs != NULL)
        atomic_fetch_add_explicit(owner_refs, 1, memory_order_relaxed);
    channel->entry.hash = hash;
    channel->kind = kind;
    channel->own_worker = (uint32_t)worker;
    channel->name_len = (uint32_t)name.len;
    channel->name = (char *)channel + len;
    if (name.len > 0)
        memcpy(channel->name, name.data, name.len);
    atomic_init(&channel->refs, 1);
    atomic_init(&channel->workers, 0);
    atomic_init(&channel->subscriptions_count, 0);
    atomic_init(&channel->told_count, 0);
    if (channel->kind.is_presence)
        channel->presence = channel_presence_new();
    if (channel->kind.is_cache) {
        channel->cache = mem_new(sizeof *channel->cache);
        list_init(&channel->cache->link);
        channel->cache->channel = channel;
    }
    return channel;
}

struct channel *channel_ref(struct channel *channel)
{
    atomic_fetch_add_explicit(&channel->refs, 1, memory_order_relaxed);
    return channel;
}

void channel_unref(struct channel *channel)
{
    atomic_size_t *owner_refs = channel->owner_refs;

    if (atomic_fetch_sub_explicit(&channel->refs, 1, memory_order_acq_rel) != 1)
        return;
    channel_presence_free(channel->presence);
    if (channel->cache != NULL)
        ws_message_unref(channel->cache->event);
    free(channel->cache);
    free(channel);
    if (owner_refs != NULL)
        atomic_fetch_sub_explicit(owner_refs, 1, memory_order_release);
}

struct bytes channel_name(const struct channel *channel)
{
    return (struct bytes){channel->name, channel->name_len};
}

struct channel_receivers *channel_hold_receivers(struct channel *channel, size_t worker)
{
    struct channel_receivers **receivers = &channel->receivers[worker];

    if (*receivers == NULL)
        *receivers = worker == channel->own_worker ? &channel->own : mem_new(sizeof **receivers);
    return *receivers;
}

void channel_drop_receivers(struct channel *channel, size_t worker)
{
    if (worker != channel->own_worker)
        free(channel->receivers[worker]);
    channel->receivers[worker] = NULL;
}
