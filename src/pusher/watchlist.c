#include "pusher/watchlist.h"

#include "base/jsonscan.h"
#include "base/mem.h"
#include "pusher/encode.h"
#include "pusher/user_id.h"

static bool is_online(struct pusher_app *app, struct bytes user_id)
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

void pusher_watchlist_notify(struct pusher_worker *worker, struct pusher_app *app,
                             struct bytes user_id)
{
    struct channel *watchers = channel_registry_find(app->watchers, user_id);
    struct ws_message *message;

    if (watchers == NULL)
        return;
    /* Looked up anew under the lock: of two changes at the same time, the last one told is true. */
    channel_registry_lock_state(watchers);
    message = message_new(worker, is_online(app, user_id), &user_id, 1);
    channel_fanout_publish_in_order(worker->fanout.all, watchers, message, 0);
    channel_registry_unlock_state(watchers);
    ws_message_unref(message);
    channel_unref(watchers);
}

static bool is_watched(const struct pusher_session *session, struct bytes user_id)
{
    struct channel *channel = channel_registry_find(session->app->watchers, user_id);
    bool is_watched;

    if (channel == NULL)
        return false;
    is_watched = channel_fanout_find(&session->worker->fanout, &session->ws, channel) != NULL;
    channel_unref(channel);
    return is_watched;
}

/* NULL if that user was named before. */
static struct channel_subscription *watch(struct pusher_session *session, struct bytes user_id)
{
    struct channel_fanout *fanout = &session->worker->fanout;
    struct channel_subscription *subscription;
    bool is_first;

    if (is_watched(session, user_id))
        return NULL;
    subscription = channel_fanout_join(fanout, session->app->watchers, user_id,
                                       &session->subscriber, &is_first);
    channel_fanout_add(fanout, subscription);
    return subscription;
}

void pusher_watchlist_begin(struct pusher_session *session, struct bytes list_json)
{
    struct bytes rest = list_json;
    struct jsonscan_value element;
    struct bytes *online = NULL;
    size_t online_count = 0;

    while (jsonscan_next_element(&rest, &element)) {
        struct buffer scratch = {0};
        struct channel_subscription *subscription = NULL;
        struct bytes user_id;

        if (pusher_user_id_read(&element, &scratch, &user_id))
            subscription = watch(session, user_id);
        if (subscription == NULL) {
            buffer_deinit(&scratch);
            continue;
        }
        if (pusher_app_is_shared(session->app, CLUSTER_KEY_USER, user_id)) {
            cluster_lookup_online(session->app->cluster,
                                  pusher_app_key(session->app, CLUSTER_KEY_USER, user_id),
                                  (struct cluster_waiter){session->socket_id, subscription->token});
        } else if (is_online(session->app, user_id)) {
            online = mem_resize(online, (online_count + 1) * sizeof *online);
            online[online_count++] = bytes_clone(user_id);
        }
        buffer_deinit(&scratch);
    }
    if (online_count > 0) {
        struct buffer *out = pusher_worker_scratch(session->worker);

        pusher_encode_watchlist(out, BYTES("online"), online, online_count);
        pusher_session_send(session, buffer_bytes(out));
    }
    for (size_t i = 0; i < online_count; i++)
        bytes_free(&online[i]);
    free(online);
}

void pusher_watchlist_end(struct pusher_session *session)
{
    LIST_EACH(link, following, &session->subscriber.subscriptions) {
        struct channel_subscription *subscription =
            LIST_OWNER(link, struct channel_subscription, link);
        bool is_last;

        if (subscription->channel->registry == session->app->watchers)
            channel_unref(channel_fanout_leave(&session->worker->fanout, subscription, &is_last));
    }
}
