#include "pusher/publish.h"

#include "pusher/authority.h"
#include "pusher/user_channel.h"

static struct cluster_key key_of(const struct pusher_app *app, struct bytes name)
{
    if (pusher_user_channel_is_one(name))
        return pusher_app_key(app, CLUSTER_KEY_USER, pusher_user_channel_user(name));
    return pusher_app_key(app, CLUSTER_KEY_CHANNEL, name);
}

static struct channel *find(const struct pusher_app *app, struct cluster_key key)
{
    return channel_registry_find(pusher_app_registry(app, key.kind), key.name);
}

bool pusher_publish_is_possible(struct pusher_worker *worker, struct pusher_app *app,
                                struct bytes name)
{
    struct channel *channel;
    bool is_possible;

    if (!pusher_authority_can_publish(app))
        return false;
    if (worker->workers_count == 1)
        return true;
    channel = find(app, key_of(app, name));
    if (channel == NULL)
        return true;
    is_possible = !channel_fanout_is_overloaded(&worker->fanout, channel);
    channel_unref(channel);
    return is_possible;
}

static bool is_cached(struct bytes name)
{
    return !pusher_user_channel_is_one(name) && channel_kind_of(name).is_cache;
}

static bool is_observed(const struct pusher_worker *worker)
{
    const struct pusher_observers *observer = worker->observers;

    while (observer != NULL && observer->events->on_broadcast == NULL)
        observer = observer->next;
    return observer != NULL;
}

bool pusher_publish_is_wanted(struct pusher_worker *worker, struct pusher_app *app,
                              struct bytes name)
{
    struct channel *channel;

    if (pusher_authority_has_others(app) || is_cached(name) || is_observed(worker))
        return true;
    channel = find(app, key_of(app, name));
    if (channel == NULL)
        return false;
    channel_unref(channel);
    return true;
}

/* Cached and sent under one lock: a client that joins meanwhile receives it once, as the cached
 * event or as a new one. */
static void cache_and_publish(struct pusher_worker *worker, struct pusher_app *app,
                              struct bytes name, struct ws_message *event, uint64_t except,
                              uint64_t ttl_ms)
{
    struct channel *channel = channel_registry_lock_and_cache(
        app->channels, name, event, net_loop_now_ms(worker->loop) + ttl_ms);

    channel_fanout_publish_in_order(worker->fanout.all, channel, event, except);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void publish(struct pusher_worker *worker, struct pusher_app *app, struct bytes name,
                    struct cluster_key key, struct ws_message *event, uint64_t except,
                    bool is_to_cache)
{
    const uint64_t ttl_ms =
        is_to_cache ? pusher_app_settings(app)->cache_ttl_s * UINT64_C(1000) : 0;
    struct channel *channel;

    PUSHER_OBSERVERS_NOTIFY(worker, on_broadcast, app, name, ws_message_text(event));
    if (pusher_authority_publish(app, key, event, except, ttl_ms))
        return;
    if (is_to_cache) {
        cache_and_publish(worker, app, key.name, event, except, ttl_ms);
        return;
    }
    channel = find(app, key);
    if (channel == NULL)
        return;
    channel_fanout_publish(&worker->fanout, channel, event, except);
    channel_unref(channel);
}

void pusher_publish(struct pusher_worker *worker, struct pusher_app *app, struct bytes name,
                    struct ws_message *event, uint64_t except)
{
    publish(worker, app, name, key_of(app, name), event, except, is_cached(name));
}

void pusher_publish_of_client(struct pusher_worker *worker, struct pusher_app *app,
                              struct bytes name, struct ws_message *event, uint64_t except)
{
    publish(worker, app, name, pusher_app_key(app, CLUSTER_KEY_CHANNEL, name), event, except,
            false);
}
