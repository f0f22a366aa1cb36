#include "pusher/publish.h"

#include "channel/publish.h"
#include "pusher/authority.h"
#include "pusher/user_channel.h"

static struct cluster_key key_of(const struct pusher_app *app, struct bytes name)
{
    if (pusher_user_channel_is_one(name))
        return pusher_app_key(app, CLUSTER_KEY_USER, pusher_user_channel_user(name));
    return pusher_app_key(app, CLUSTER_KEY_CHANNEL, name);
}

struct pusher_publish_target pusher_publish_target_of(struct pusher_app *app, struct bytes name)
{
    return (struct pusher_publish_target){.app = app, .name = name, .key = key_of(app, name)};
}

struct pusher_publish_target pusher_publish_target_of_client(struct pusher_app *app,
                                                             struct bytes name)
{
    return (struct pusher_publish_target){
        .app = app,
        .name = name,
        .key = pusher_app_key(app, CLUSTER_KEY_CHANNEL, name),
    };
}

void pusher_publish_target_release(struct pusher_publish_target *target)
{
    if (target->channel != NULL)
        channel_unref(target->channel);
    target->channel = NULL;
}

static struct channel *channel_of(struct pusher_publish_target *target)
{
    if (!target->is_found)
        target->channel = channel_registry_find(pusher_app_registry(target->app, target->key.kind),
                                                target->key.name);
    target->is_found = true;
    return target->channel;
}

bool pusher_publish_is_possible(struct pusher_worker *worker, struct pusher_publish_target *target)
{
    const struct channel *channel;

    if (!pusher_authority_can_publish(target->app))
        return false;
    if (!channel_publish_is_any_full(&worker->fanout, worker->workers_count))
        return true; /* the channel need not be known yet */
    channel = channel_of(target);
    return channel == NULL || !channel_publish_is_overloaded(&worker->fanout, channel);
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

bool pusher_publish_is_wanted(struct pusher_worker *worker, struct pusher_publish_target *target)
{
    return pusher_authority_has_others(target->app) || is_cached(target->name) ||
           is_observed(worker) || channel_of(target) != NULL;
}

/* Cached and sent under one lock: a client that joins meanwhile receives it once, as the cached
 * event or as a new one. */
static void cache_and_publish(struct pusher_worker *worker, struct pusher_app *app,
                              struct bytes name, struct ws_message *event, uint64_t except,
                              uint64_t ttl_ms)
{
    struct channel *channel = channel_registry_lock_and_cache(
        app->channels, name, event, net_loop_now_ms(worker->loop) + ttl_ms);

    channel_publish_in_order(&worker->fanout.all, channel, event, except);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void publish(struct pusher_worker *worker, struct pusher_publish_target *target,
                    struct ws_message *event, uint64_t except, bool is_to_cache)
{
    struct pusher_app *app = target->app;
    const uint64_t ttl_ms =
        is_to_cache ? pusher_app_settings(app)->cache_ttl_s * UINT64_C(1000) : 0;

    PUSHER_OBSERVERS_NOTIFY(worker, on_broadcast, app, target->name, ws_message_text(event));
    if (pusher_authority_publish(worker, app, target->key, event, except, ttl_ms))
        return;
    if (is_to_cache)
        cache_and_publish(worker, app, target->key.name, event, except, ttl_ms);
    else if (channel_of(target) != NULL)
        channel_publish(&worker->fanout, target->channel, event, except);
}

void pusher_publish(struct pusher_worker *worker, struct pusher_publish_target *target,
                    struct ws_message *event, uint64_t except)
{
    publish(worker, target, event, except, is_cached(target->name));
}

void pusher_publish_of_client(struct pusher_worker *worker, struct pusher_publish_target *target,
                              struct ws_message *event, uint64_t except)
{
    publish(worker, target, event, except, false);
}
