#include "pusher/watchlist.h"

#include "base/jsonscan.h"
#include "base/mem.h"
#include "base/move.h"
#include "pusher/authority.h"
#include "pusher/encode.h"
#include "pusher/user_id.h"

/* So many users are watched at once; those of a longer list piece by piece at the ends of turns. */
#define PIECE_COUNT 100

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
    session->user->watched_count++;
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
    session->user->watched_count = 0;
}

static bool is_full(const struct pusher_session *session)
{
    const uint32_t max = pusher_app_settings(session->app)->max_watched;

    return max != 0 && session->user->watched_count >= max;
}

/* --- one piece ------------------------------------------------------------------------------ */

/* The users of a piece that are online. */
struct online {
    struct bytes ids[PIECE_COUNT];
    size_t count;
};

static void watch_one(struct pusher_session *session, const struct jsonscan_value *element,
                      struct online *online)
{
    struct channel_subscription *subscription = NULL;
    struct buffer scratch = {0};
    struct bytes user_id;

    if (pusher_user_id_read(element, &scratch, &user_id))
        subscription = watch(session, user_id);
    if (subscription != NULL && pusher_authority_is_online(session, user_id, subscription))
        online->ids[online->count++] = bytes_clone(user_id);
    buffer_deinit(&scratch);
}

static void notify(struct pusher_session *session, struct online *online)
{
    struct buffer *out = pusher_worker_scratch(session->worker);

    if (online->count == 0)
        return;
    pusher_encode_watchlist(out, BYTES("online"), online->ids, online->count);
    pusher_session_send(session, buffer_bytes(out));
    for (size_t i = 0; i < online->count; i++)
        bytes_free(&online->ids[i]);
}

/* Watches the next users of the list. The session is notified of those that are online before a
 * later change can be sent. False: there are more. */
static bool watch_some(struct pusher_session *session, struct bytes *list)
{
    struct online online = {.count = 0};
    struct jsonscan_value element;
    bool has_more = true;
    bool is_refused = false;

    for (size_t i = 0; i < PIECE_COUNT && has_more && !is_refused; i++) {
        has_more = jsonscan_next_element(list, &element);
        is_refused = has_more && is_full(session);
        if (has_more && !is_refused)
            watch_one(session, &element, &online);
    }
    notify(session, &online);
    if (is_refused && session->state != PUSHER_SESSION_OVER)
        pusher_session_send_error(session, PUSHER_ERROR_TOO_MANY_WATCHED);
    return !has_more || is_refused || session->state == PUSHER_SESSION_OVER;
}

/* --- the rest of a long list ---------------------------------------------------------------- */

struct pusher_watchlist {
    struct net_slices_job slice;
    struct pusher_session *session;
    struct bytes list; /* its own */
    struct bytes rest; /* of the list */
};

/* Does nothing if there is no rest. */
static void drop_rest(struct pusher_session *session)
{
    struct pusher_watchlist *watchlist = MOVE(session->user->watchlist);

    if (watchlist == NULL)
        return;
    net_slices_remove(&watchlist->slice);
    bytes_free(&watchlist->list);
    free(watchlist);
}

static bool on_slice(struct net_slices_job *slice)
{
    struct pusher_watchlist *watchlist = LIST_OWNER(slice, struct pusher_watchlist, slice);
    struct pusher_session *session = watchlist->session;

    if (!watch_some(session, &watchlist->rest))
        return false;
    if (session->state != PUSHER_SESSION_OVER) /* its end has dropped it */
        drop_rest(session);
    return true;
}

static void watch_later(struct pusher_session *session, struct bytes rest)
{
    struct pusher_watchlist *watchlist = mem_new(sizeof *watchlist);

    watchlist->slice.run = on_slice;
    watchlist->session = session;
    watchlist->list = bytes_clone(rest);
    watchlist->rest = watchlist->list;
    session->user->watchlist = watchlist;
    net_slices_add(&session->worker->slices, &watchlist->slice);
}

void pusher_watchlist_set(struct pusher_session *session, struct bytes list_json)
{
    struct bytes rest = list_json;

    if (session->user == NULL)
        return;
    drop_rest(session);
    unwatch_all(session);
    if (list_json.data != NULL && !watch_some(session, &rest))
        watch_later(session, rest);
}
