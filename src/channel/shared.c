#include "channel/shared.h"

#include "channel/registry.h"

/* A subscription counts as shared if its subscriber has another one. */
static void mark_shared(struct channel_subscription *subscription, size_t worker, bool is_shared)
{
    struct channel_receivers *receivers = subscription->channel->receivers[worker];

    if (!subscription->is_active || subscription->is_shared == is_shared)
        return;
    subscription->is_shared = is_shared;
    if (is_shared)
        receivers->shared_count++;
    else
        receivers->shared_count--;
}

static struct channel_subscription *first_of(const struct channel_subscriber *subscriber)
{
    return LIST_OWNER(subscriber->subscriptions.next, struct channel_subscription, link);
}

/* Only the first of several can have become active while it was the only one. */
void channel_shared_note_another(struct channel_subscription *subscription, size_t worker)
{
    if (subscription->subscriber->count < 2)
        return;
    mark_shared(first_of(subscription->subscriber), worker, true);
    mark_shared(subscription, worker, true);
}

/* If two are left, the one that stays is no longer shared. */
void channel_shared_note_one_less(struct channel_subscription *subscription, size_t worker)
{
    mark_shared(subscription, worker, false);
    if (subscription->subscriber->count != 2)
        return;
    LIST_EACH(link, following, &subscription->subscriber->subscriptions) {
        mark_shared(LIST_OWNER(link, struct channel_subscription, link), worker, false);
    }
}
