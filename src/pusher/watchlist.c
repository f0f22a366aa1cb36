#include "pusher/watchlist.h"

#include "base/jsonscan.h"
#include "base/mem.h"
#include "pusher/authority.h"
#include "pusher/encode.h"
#include "pusher/user_id.h"

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

/* NULL if the list had that user before. */
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

static void unwatch_all(struct pusher_session *session)
{
    LIST_EACH(link, following, &session->subscriber.subscriptions) {
        struct channel_subscription *subscription =
            LIST_OWNER(link, struct channel_subscription, link);
        bool is_last;

        if (subscription->channel->registry == session->app->watchers)
            channel_unref(channel_fanout_leave(&session->worker->fanout, subscription, &is_last));
    }
}

void pusher_watchlist_set(struct pusher_session *session, struct bytes list_json)
{
    struct bytes rest = list_json;
    struct jsonscan_value element;
    struct bytes *online = NULL;
    size_t online_count = 0;

    unwatch_all(session);
    if (list_json.data == NULL)
        return;
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
        if (pusher_authority_is_online(session, user_id, subscription)) {
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
