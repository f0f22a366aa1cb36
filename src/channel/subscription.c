#include "channel/subscription.h"

#include "base/mem.h"
#include "base/move.h"
#include "channel/fanout.h"

struct channel_subscription *channel_subscription_new(struct channel_fanout *fanout,
                                                      struct channel_subscriber *subscriber,
                                                      struct channel **channel)
{
    struct channel_subscription *subscription = mem_new(sizeof *subscription);

    subscription->subscriber = subscriber;
    subscription->channel = MOVE(*channel);
    list_append(&subscriber->subscriptions, &subscription->link);
    subscriber->count++;
    channel_receivers_add(channel_hold_receivers(subscription->channel, fanout->worker),
                          subscription);
    return subscription;
}

struct channel *channel_subscription_free(struct channel_fanout *fanout,
                                          struct channel_subscription *subscription,
                                          bool *is_last_of_worker)
{
    struct channel *channel = subscription->channel;
    struct channel_receivers *receivers = channel->receivers[fanout->worker];

    if (subscription->is_active)
        channel_fanout_remove(fanout, subscription);
    list_remove(&subscription->link);
    subscription->subscriber->count--;
    channel_receivers_remove(receivers, subscription);
    *is_last_of_worker = receivers->entries_count == 0;
    if (*is_last_of_worker) {
        channel_fanout_flush_channel(fanout, channel);
        channel_drop_receivers(channel, fanout->worker);
    }
    free(subscription);
    return channel;
}

struct channel_subscription *channel_subscription_find(const struct channel_fanout *fanout,
                                                       const struct ws_conn *conn,
                                                       const struct channel *channel)
{
    const struct channel_receivers *receivers = channel->receivers[fanout->worker];

    return receivers ? channel_receivers_find(receivers, conn) : NULL;
}
