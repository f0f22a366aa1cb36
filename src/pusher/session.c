#include "pusher/session.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "pusher/auth.h"
#include "pusher/encode.h"
#include "pusher/socket_id.h"

struct pusher_session *pusher_session_of(struct ws_conn *ws)
{
    return (struct pusher_session *)ws;
}

struct pusher_session *pusher_session_find(struct pusher_worker *worker, uint64_t socket_id)
{
    const uint64_t hash = hash_pair(socket_id, 0);

    for (struct map_entry *at = map_first(&worker->by_socket_id, hash); at != NULL;
         at = map_next(at, hash)) {
        struct pusher_session *session = LIST_OWNER(at, struct pusher_session, by_socket_id);

        if (session->socket_id == socket_id)
            return session;
    }
    return NULL;
}

bool pusher_session_is_signed(const struct pusher_session *session, struct bytes text,
                              struct bytes auth)
{
    char socket_id[PUSHER_SOCKET_ID_LEN_MAX];
    struct buffer whole = {0};
    bool is_valid;

    buffer_append(&whole, socket_id, pusher_socket_id_write(session->socket_id, socket_id));
    buffer_append_bytes(&whole, text);
    is_valid = pusher_auth_is_valid(pusher_app_settings(session->app), buffer_bytes(&whole), auth);
    buffer_deinit(&whole);
    return is_valid;
}

struct channel_subscription *pusher_session_subscription(struct pusher_session *session,
                                                         struct bytes name)
{
    struct channel *channel = channel_registry_find(session->app->channels, name);
    struct channel_subscription *subscription;

    if (channel == NULL)
        return NULL;
    subscription = channel_fanout_find(&session->worker->fanout, &session->ws, channel);
    channel_unref(channel);
    return subscription;
}

/* --- life ----------------------------------------------------------------------------------- */

struct metrics_app *pusher_session_metrics(const struct pusher_session *session)
{
    return pusher_worker_metrics_of(session->worker, session->app);
}

struct pusher_session *pusher_session_new(struct pusher_worker *worker, struct pusher_app *app)
{
    struct pusher_session *session = mem_new(sizeof *session);

    session->worker = worker;
    session->app = app ? pusher_app_ref(app) : NULL;
    channel_subscriber_init(&session->subscriber, &session->ws);
    do
        session->socket_id = pusher_socket_id_draw(worker->index, worker->workers_count);
    while (pusher_session_find(worker, session->socket_id) != NULL);
    session->has_place = net_descriptors_take_websocket(worker->loop->descriptors);
    map_add(&worker->by_socket_id, &session->by_socket_id, hash_pair(session->socket_id, 0));
    list_append(&worker->sessions, &session->link);
    worker->sessions_count++;
    metrics_add(&worker->metrics->connections_opened, 1);
    metrics_add(&pusher_session_metrics(session)->connections_opened, 1);
    return session;
}

/* A WebSocket that is being closed is no longer counted, to leave its place to a new one. */
static void give_place(struct pusher_session *session)
{
    if (session->has_place)
        net_descriptors_give_websocket(session->worker->loop->descriptors);
    session->has_place = false;
}

void pusher_session_end(struct pusher_session *session)
{
    struct pusher_worker *worker = session->worker;

    if (session->state == PUSHER_SESSION_OVER)
        return;
    PUSHER_OBSERVERS_NOTIFY(worker, on_closed, session);
    session->state = PUSHER_SESSION_OVER;
    list_remove(&session->link);
    list_append(&worker->leaving, &session->link);
    give_place(session);
    metrics_add(&pusher_session_metrics(session)
                     ->connections_closed[metrics_app_close_of(session->close_code)],
                1);
    if (session->app != NULL)
        worker->session_events->on_over(session);
}

void pusher_session_free(struct pusher_session *session)
{
    struct pusher_worker *worker = session->worker;

    CHECK(session->state == PUSHER_SESSION_OVER);
    list_remove(&session->link);
    map_remove(&worker->by_socket_id, &session->by_socket_id);
    worker->sessions_count--;
    metrics_add(&worker->metrics->connections_closed, 1);
    bytes_free(&session->origin);
    if (session->app != NULL)
        pusher_app_unref(session->app);
    free(session);
}

/* --- sending and closing -------------------------------------------------------------------- */

void pusher_session_close(struct pusher_session *session, uint16_t code, struct bytes reason)
{
    if (session->state != PUSHER_SESSION_OVER) {
        session->close_code = code;
        session->is_closed_here = true;
        PUSHER_OBSERVERS_NOTIFY(session->worker, on_closing, session, code, reason);
    }
    ws_conn_close(&session->ws, code, reason);
    pusher_session_end(session);
}

void pusher_session_close_slow(struct pusher_session *session)
{
    if (session->state == PUSHER_SESSION_OVER)
        return;
    metrics_add(&session->worker->metrics->slow_readers_closed, 1);
    pusher_session_close(session, PUSHER_ERROR_CLOSE_BACK_OFF, BYTES("Slow reader"));
}

static void notify_sent(const struct pusher_session *session, struct bytes message)
{
    if (session->app == NULL)
        return;
    PUSHER_OBSERVERS_NOTIFY(session->worker, on_replied, session, message);
    PUSHER_OBSERVERS_NOTIFY(session->worker, on_sent, session, message);
    PUSHER_OBSERVERS_NOTIFY(session->worker, on_sent_count, session->app, 1);
}

void pusher_session_send(struct pusher_session *session, struct bytes message)
{
    if (session->state == PUSHER_SESSION_OVER)
        return;
    metrics_add(&session->worker->metrics->messages_sent, 1);
    metrics_add(&pusher_session_metrics(session)->messages_sent, 1);
    metrics_add(&pusher_session_metrics(session)->bytes_sent, message.len);
    notify_sent(session, message);
    if (!ws_conn_send_text(&session->ws, message))
        pusher_session_close_slow(session);
}

static enum metrics_app_reject reject_of(enum pusher_error error)
{
    switch (error) {
    case PUSHER_ERROR_NO_APP:
        return METRICS_APP_REJECT_KEY;
    case PUSHER_ERROR_ORIGIN:
        return METRICS_APP_REJECT_ORIGIN;
    case PUSHER_ERROR_OVER_CAPACITY:
        return METRICS_APP_REJECT_CAPACITY;
    case PUSHER_ERROR_ADDRESS:
        return METRICS_APP_REJECT_ADDRESS;
    case PUSHER_ERROR_OVER_QUOTA:
    case PUSHER_ERROR_TOO_MANY_SUBSCRIPTIONS:
    case PUSHER_ERROR_TOO_MANY_WATCHED:
    case PUSHER_ERROR_TOO_MANY_MEMBERS:
    case PUSHER_ERROR_TOO_MUCH_UNREAD:
        return METRICS_APP_REJECT_QUOTA;
    case PUSHER_ERROR_UNAUTHORIZED:
        return METRICS_APP_REJECT_AUTH;
    case PUSHER_ERROR_RATE_LIMIT:
        return METRICS_APP_REJECT_RATE;
    default:
        return METRICS_APP_REJECT_MESSAGE;
    }
}

void pusher_session_refuse(struct pusher_session *session, enum pusher_error error,
                           struct bytes channel)
{
    struct buffer *out = pusher_worker_scratch(session->worker);

    session->is_refused = true;
    if (error != PUSHER_ERROR_STALE && error != PUSHER_ERROR_TERMINATED)
        pusher_worker_note_rejected(session->worker, session->app, reject_of(error),
                                    session->ws.net);
    if (session->state != PUSHER_SESSION_OVER)
        PUSHER_OBSERVERS_NOTIFY(session->worker, on_refused, session, pusher_error_code(error),
                                pusher_error_text(error), channel);
    pusher_encode_error(out, error);
    pusher_session_send(session, buffer_bytes(out));
}

void pusher_session_send_error(struct pusher_session *session, enum pusher_error error)
{
    pusher_session_refuse(session, error, BYTES_NONE);
}

void pusher_session_close_with_error(struct pusher_session *session, enum pusher_error error)
{
    pusher_session_send_error(session, error);
    pusher_session_close(session, (uint16_t)pusher_error_code(error), pusher_error_text(error));
}

/* --- many of them --------------------------------------------------------------------------- */

bool pusher_session_evict(struct pusher_worker *worker)
{
    struct net_conn *net;
    struct list *first = worker->leaving.next;

    if (list_is_empty(&worker->leaving))
        return false;
    net = LIST_OWNER(first, struct pusher_session, link)->ws.net;
    list_remove(first);
    net_conn_flush(net); /* the reason may have been queued in this turn */
    net_conn_close(net);
    return true;
}

static void close_each(const struct list *sessions)
{
    LIST_EACH(link, following, sessions) {
        net_conn_close(LIST_OWNER(link, struct pusher_session, link)->ws.net);
    }
}

void pusher_session_close_all(struct pusher_worker *worker)
{
    close_each(&worker->sessions);
    close_each(&worker->leaving);
}

void pusher_session_close_answered(struct pusher_worker *worker)
{
    LIST_EACH(link, following, &worker->leaving) {
        struct net_conn *net = LIST_OWNER(link, struct pusher_session, link)->ws.net;

        if (net_conn_backlog_bytes(net) == 0)
            net_conn_close(net);
    }
}

size_t pusher_session_end_some(struct pusher_worker *worker, size_t count, uint16_t code,
                               uint64_t until_ns)
{
    size_t ended_count = 0;

    LIST_EACH(link, following, &worker->sessions) {
        struct pusher_session *session = LIST_OWNER(link, struct pusher_session, link);

        if (ended_count == count || (ended_count > 0 && uv_hrtime() >= until_ns))
            break;
        channel_fanout_catch_up(&worker->fanout, &session->subscriber);
        pusher_session_close(session, code, BYTES("Server is restarting"));
        ended_count++;
    }
    return ended_count;
}
