#include "pusher/publish.h"

#include "pusher/signin.h"

static struct channel *find(struct pusher_app *app, struct bytes name)
{
    if (pusher_signin_is_user_channel(name))
        return channel_registry_find(app->users, pusher_signin_user_of_channel(name));
    return channel_registry_find(app->channels, name);
}

bool pusher_publish_is_possible(struct pusher_hub *hub, struct pusher_app *app, struct bytes name)
{
    struct channel *channel;
    bool is_possible;

    if (hub->workers_count == 1)
        return true;
    channel = find(app, name);
    if (channel == NULL)
        return true;
    is_possible = !channel_fanout_is_overloaded(&hub->fanout, channel);
    channel_unref(channel);
    return is_possible;
}

static bool is_cached(struct bytes name)
{
    return !pusher_signin_is_user_channel(name) && channel_kind_of(name).is_cache;
}

static bool is_observed(const struct pusher_hub *hub)
{
    const struct pusher_events_observer *observer = hub->observers;

    while (observer != NULL && observer->events->on_broadcast == NULL)
        observer = observer->next;
    return observer != NULL;
}

bool pusher_publish_is_wanted(struct pusher_hub *hub, struct pusher_app *app, struct bytes name)
{
    struct channel *channel;

    if (is_cached(name) || is_observed(hub))
        return true;
    channel = find(app, name);
    if (channel == NULL)
        return false;
    channel_unref(channel);
    return true;
}

/* Kept and sent under one lock: who joins meanwhile gets it once, as the kept one or as a new one.
 */
static void publish_and_keep(struct pusher_hub *hub, struct pusher_app *app, struct bytes name,
                             struct ws_message *event, uint64_t except)
{
    const uint64_t expires_ms =
        net_loop_now_ms(hub->loop) + pusher_app_settings(app)->cache_ttl_s * UINT64_C(1000);
    struct channel *channel =
        channel_registry_lock_and_keep(app->channels, name, event, expires_ms);

    channel_fanout_publish_in_order(&hub->fanout, channel, event, except);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

void pusher_publish(struct pusher_hub *hub, struct pusher_app *app, struct bytes name,
                    struct ws_message *event, uint64_t except)
{
    struct channel *channel;

    PUSHER_EVENTS_TELL(hub, on_broadcast, app, name, ws_message_text(event));
    if (is_cached(name)) {
        publish_and_keep(hub, app, name, event, except);
        return;
    }
    channel = find(app, name);
    if (channel == NULL)
        return;
    channel_fanout_publish(&hub->fanout, channel, event, except);
    channel_unref(channel);
}
