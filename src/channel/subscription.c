#include "channel/subscription.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "channel/fanout.h"

static uint64_t hash_of(const struct channel_subscriber *subscriber, const struct channel *channel)
{
    return hash_pair((uintptr_t)subscriber, (uintptr_t)channel);
}

struct channel_subscription *channel_subscription_new(struct channel_fanout *fanout,
                                                      struct channel_subscriber *subscriber,
                                                      struct channel *channel)
{
    struct channel_subscription *subscription = mem_new(sizeof *subscription);

    subscription->subscriber = subscriber;
    subscription->channel = channel;
    map_add(&fanout->subscriptions, &subscription->entry, hash_of(subscriber, channel));
    list_append(&subscriber->subscriptions, &subscription->link);
    subscriber->count++;
    channel_fanout_hold(fanout, channel);
    return subscription;
}

struct channel *channel_subscription_free(struct channel_fanout *fanout,
                                          struct channel_subscription *subscription,
                                          bool *is_last_of_worker)
{
    struct channel *channel = subscription->channel;

    if (subscription->is_active)
        channel_fanout_remove(fanout, subscription);
    map_remove(&fanout->subscriptions, &subscription->entry);
    list_remove(&subscription->link);
    subscription->subscriber->count--;
    *is_last_of_worker = channel_fanout_release(fanout, channel);
    free(subscription);
    return channel;
}

struct channel_subscription *channel_subscription_find(struct channel_fanout *fanout,
                                                       const struct channel_subscriber *subscriber,
                                                       const struct channel *channel)
{
    const uint64_t hash = hash_of(subscriber, channel);

    for (struct map_entry *at = map_first(&fanout->subscriptions, hash); at != NULL;
         at = map_next(at, hash)) {
        struct channel_subscription *subscription =
            LIST_OWNER(at, struct channel_subscription, entry);

        if (subscription->subscriber == subscriber && subscription->channel == channel)
            return subscription;
    }
    return NULL;
}
