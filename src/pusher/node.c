#include "pusher/node.h"

#include "channel/publish.h"
#include "pusher/encode.h"
#include "pusher/member.h"
#include "pusher/welcome.h"

/* --- members -------------------------------------------------------------------------------- */

/* Under the state lock. */
static void list_member(struct pusher_session *session, struct channel *channel,
                        const struct channel_presence_member *member)
{
    const struct bytes user_id = channel_presence_user_id(member);
    struct pusher_worker *worker = session->worker;
    struct buffer user_info = {0};

    channel_presence_user_info(member, &user_info);
    if (pusher_member_list(&worker->fanout.all, channel, user_id, buffer_bytes(&user_info), true,
                           &worker->scratch))
        PUSHER_OBSERVERS_NOTIFY(worker, on_member_added, session->app, channel_name(channel),
                                user_id, buffer_bytes(&user_info));
    buffer_deinit(&user_info);
}

void pusher_node_unlist_member(struct pusher_session *session, struct channel *channel,
                               struct bytes user_id)
{
    struct pusher_worker *worker = session->worker;

    if (pusher_member_unlist(&worker->fanout.all, channel, user_id, &worker->scratch))
        PUSHER_OBSERVERS_NOTIFY(worker, on_member_removed, session->app, channel_name(channel),
                                user_id);
}

/* --- subscriptions -------------------------------------------------------------------------- */

/* Members and the cached event change under the state lock: so the newcomer is sent them and every
 * later change, none missing and none twice. */
static void join_in_order(struct pusher_session *session, struct channel_subscription *subscription)
{
    struct channel *channel = subscription->channel;
    struct channel_joining *joining = &session->worker->joining;

    channel_registry_lock_state(channel);
    if (channel->kind.is_presence)
        list_member(session, channel, subscription->member);
    if (pusher_welcome_is_cache_miss(channel, net_loop_now_ms(session->worker->loop)))
        PUSHER_OBSERVERS_NOTIFY(session->worker, on_cache_miss, session->app,
                                channel_name(channel));
    channel_joining_add(joining, subscription);
    channel_registry_unlock_state(channel);
    channel_joining_catch_up(joining);
}

void pusher_node_notify_count(struct pusher_session *session, struct channel *channel)
{
    unsigned count;

    if (!pusher_app_settings(session->app)->subscription_counts || channel->kind.is_presence)
        return;
    channel_registry_lock_state(channel);
    count = atomic_load(&channel->subscriptions_count);
    atomic_store(&channel->told_count, count);
    pusher_encode_subscription_count(pusher_worker_scratch(session->worker), channel_name(channel),
                                     count);
    channel_publish_text_in_order(&session->worker->fanout.all, channel,
                                  buffer_bytes(&session->worker->scratch));
    PUSHER_OBSERVERS_NOTIFY(session->worker, on_subscription_count, session->app,
                            channel_name(channel), count);
    channel_registry_unlock_state(channel);
}

void pusher_node_activate(struct pusher_session *session, struct channel_subscription *subscription)
{
    struct pusher_worker *worker = session->worker;
    struct channel *channel = subscription->channel;

    if (channel->kind.is_presence || channel->kind.is_cache) {
        join_in_order(session, subscription);
    } else {
        channel_fanout_add(&worker->fanout, subscription);
        pusher_encode_subscription_succeeded(pusher_worker_scratch(worker), channel_name(channel),
                                             BYTES_NONE);
        pusher_session_send(session, buffer_bytes(&worker->scratch));
    }
    if (session->state != PUSHER_SESSION_OVER)
        pusher_node_notify_count(session, channel);
}

/* --- users ---------------------------------------------------------------------------------- */

void pusher_node_activate_user(struct pusher_session *session)
{
    struct pusher_session_user *user = session->user;

    channel_fanout_activate(&session->worker->fanout, user->subscription, user->welcome, NULL);
    ws_message_unref(user->welcome);
    user->welcome = NULL;
}

bool pusher_node_is_online(const struct pusher_app *app, struct bytes user_id)
{
    struct channel *channel = channel_registry_find(app->users, user_id);

    if (channel == NULL)
        return false;
    channel_unref(channel);
    return true;
}

static struct ws_message *message_new(struct pusher_worker *worker, bool online,
                                      const struct bytes *user_ids, size_t user_ids_count)
{
    struct buffer *out = pusher_worker_scratch(worker);

    pusher_encode_watchlist(out, online ? BYTES("online") : BYTES("offline"), user_ids,
                            user_ids_count);
    return ws_message_new(buffer_bytes(out));
}

void pusher_node_notify_watchers(struct pusher_worker *worker, struct pusher_app *app,
                                 struct bytes user_id)
{
    struct channel *watchers = channel_registry_find(app->watchers, user_id);
    struct ws_message *message;
    bool is_online;

    if (watchers == NULL)
        return;
    /* Looked up again under the lock: of two simultaneous changes, the last one sent is correct. */
    channel_registry_lock_state(watchers);
    is_online = pusher_node_is_online(app, user_id);
    atomic_store(&watchers->told_online, is_online);
    message = message_new(worker, is_online, &user_id, 1);
    channel_publish_in_order(&worker->fanout.all, watchers, message, 0);
    channel_registry_unlock_state(watchers);
    ws_message_unref(message);
    channel_unref(watchers);
}
