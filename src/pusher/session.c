#include "pusher/session.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "pusher/auth.h"
#include "pusher/client_event.h"
#include "pusher/decode.h"
#include "pusher/encode.h"
#include "pusher/liveness.h"
#include "pusher/origin.h"
#include "pusher/signin.h"
#include "pusher/socket_id.h"
#include "pusher/subscribe.h"
#include "ws/handshake.h"

#define CAPACITY_LOG_INTERVAL_MS 10000

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

/* --- sending and closing -------------------------------------------------------------------- */

struct pusher_session *pusher_session_of(struct ws_conn *ws)
{
    return (struct pusher_session *)ws;
}

/* What is being closed gives way to whoever comes: it is no longer counted among the WebSockets. */
static void give_place(struct pusher_session *session)
{
    if (session->has_place)
        net_descriptors_give_websocket(session->worker->loop->descriptors);
    session->has_place = false;
}

/* Of its app, which exists. */
static struct metrics_app *metrics_of(const struct pusher_session *session)
{
    return pusher_app_metrics(session->app, session->worker->index);
}

static void leave_everything(struct pusher_session *session)
{
    if (session->is_over)
        return;
    session->is_over = true;
    list_remove(&session->link);
    list_append(&session->worker->leaving, &session->link);
    give_place(session);
    PUSHER_OBSERVERS_NOTIFY(session->worker, on_closed, session);
    if (session->app == NULL)
        return;
    metrics_add(&metrics_of(session)->connections_closed[metrics_app_close_of(session->close_code)],
                1);
    pusher_signin_end(session);
    while (!list_is_empty(&session->subscriber.subscriptions))
        pusher_subscribe_leave(session, LIST_OWNER(session->subscriber.subscriptions.next,
                                                   struct channel_subscription, link));
    if (session->is_counted)
        atomic_fetch_sub(&session->app->connections_count, 1);
    if (session->is_notified)
        cluster_connections(session->app->cluster, bytes_of(session->app->id), -1);
    session->is_counted = false;
    session->is_notified = false;
}

void pusher_session_close(struct pusher_session *session, uint16_t code, struct bytes reason)
{
    if (!session->is_over)
        session->close_code = code;
    ws_conn_close(&session->ws, code, reason);
    leave_everything(session);
}

void pusher_session_close_slow(struct pusher_session *session)
{
    if (session->is_over)
        return;
    metrics_add(&session->worker->metrics->slow_readers_closed, 1);
    pusher_session_close(session, PUSHER_ERROR_CLOSE_BACK_OFF, BYTES("Slow reader"));
}

static void notify_sent(const struct pusher_session *session, struct bytes message)
{
    if (session->worker->observers == NULL || session->app == NULL)
        return;
    PUSHER_OBSERVERS_NOTIFY(session->worker, on_sent, session, message);
    PUSHER_OBSERVERS_NOTIFY(session->worker, on_sent_count, session->app, 1);
}

void pusher_session_send(struct pusher_session *session, struct bytes message)
{
    if (session->is_over)
        return;
    metrics_add(&session->worker->metrics->messages_sent, 1);
    if (session->app != NULL)
        metrics_add(&metrics_of(session)->messages_sent, 1);
    notify_sent(session, message);
    if (!ws_conn_send_text(&session->ws, message))
        pusher_session_close_slow(session);
}

static enum metrics_app_reject reject_of(enum pusher_error error)
{
    switch (error) {
    case PUSHER_ERROR_ORIGIN:
        return METRICS_APP_REJECT_ORIGIN;
    case PUSHER_ERROR_OVER_QUOTA:
    case PUSHER_ERROR_OVER_CAPACITY:
    case PUSHER_ERROR_TOO_MANY_SUBSCRIPTIONS:
        return METRICS_APP_REJECT_QUOTA;
    case PUSHER_ERROR_UNAUTHORIZED:
        return METRICS_APP_REJECT_AUTH;
    case PUSHER_ERROR_RATE_LIMIT:
        return METRICS_APP_REJECT_RATE;
    default:
        return METRICS_APP_REJECT_MESSAGE;
    }
}

void pusher_session_send_error(struct pusher_session *session, enum pusher_error error)
{
    struct buffer *out = pusher_worker_scratch(session->worker);

    session->is_refused = true;
    if (session->app != NULL)
        metrics_add(&metrics_of(session)->rejected[reject_of(error)], 1);
    pusher_encode_error(out, error);
    pusher_session_send(session, buffer_bytes(out));
}

void pusher_session_close_with_error(struct pusher_session *session, enum pusher_error error)
{
    pusher_session_send_error(session, error);
    pusher_session_close(session, (uint16_t)pusher_error_code(error), pusher_error_text(error));
}

/* --- what the client sends ------------------------------------------------------------------ */

static void dispatch(struct pusher_session *session, struct pusher_decode_message *message)
{
    if (bytes_equal(message->event, BYTES("pusher:ping"))) {
        pusher_encode_pong(pusher_worker_scratch(session->worker));
        pusher_session_send(session, buffer_bytes(&session->worker->scratch));
    } else if (bytes_equal(message->event, BYTES("pusher:pong"))) {
        return; /* being heard of is all it is for */
    } else if (bytes_equal(message->event, BYTES("pusher:subscribe"))) {
        pusher_subscribe(session, message);
    } else if (bytes_equal(message->event, BYTES("pusher:unsubscribe"))) {
        pusher_subscribe_end(session, message);
    } else if (bytes_equal(message->event, BYTES("pusher:signin"))) {
        pusher_signin(session, message);
    } else if (pusher_client_event_is_one(message)) {
        pusher_client_event(session, message);
    } else {
        pusher_session_send_error(session, PUSHER_ERROR_INVALID_MESSAGE);
    }
}

static bool is_within_rate(struct pusher_session *session)
{
    const struct config_rate_limiting *settings = &pusher_app_settings(session->app)->rate_limiting;

    if (pusher_rate_limit_take(&session->rate_limit, settings, session->seen_ms))
        return true;
    pusher_session_send_error(session, PUSHER_ERROR_RATE_LIMIT);
    /* Not 4301: clients would never come again. */
    if (settings->terminate_on_limit)
        pusher_session_close(session, PUSHER_ERROR_CLOSE_BACK_OFF,
                             pusher_error_text(PUSHER_ERROR_RATE_LIMIT));
    return false;
}

static void on_message(struct ws_conn *ws, struct bytes text, bool is_text)
{
    struct pusher_session *session = pusher_session_of(ws);
    struct pusher_decode_message message = {0};

    if (session->is_over)
        return;
    if (!session->is_established) {
        pusher_session_send_error(session, PUSHER_ERROR_INVALID_MESSAGE);
        return;
    }
    pusher_liveness_seen(session);
    metrics_add(&session->worker->metrics->messages_received, 1);
    metrics_add(&metrics_of(session)->messages_received, 1);
    metrics_add(&metrics_of(session)->bytes_received, text.len);
    PUSHER_OBSERVERS_NOTIFY(session->worker, on_received, session, text);
    if (!is_within_rate(session))
        return;
    session->is_refused = false;
    if (is_text && pusher_decode(&message, text))
        dispatch(session, &message);
    else
        pusher_session_send_error(session, PUSHER_ERROR_INVALID_MESSAGE);
    pusher_decode_deinit(&message);
    if (!session->is_refused)
        PUSHER_OBSERVERS_NOTIFY(session->worker, on_handled, session, text);
}

static void on_control(struct ws_conn *ws, enum ws_frame_opcode opcode)
{
    struct pusher_session *session = pusher_session_of(ws);

    if (session->is_over)
        return;
    pusher_liveness_seen(session);
    if (opcode == WS_FRAME_PING)
        session->uses_control_frames = true;
    PUSHER_OBSERVERS_NOTIFY(session->worker, on_control_frame, session);
}

static void on_timer(struct ws_conn *ws, uint64_t now_ms)
{
    pusher_liveness_on_timer(pusher_session_of(ws), now_ms);
}

static void on_stalled(struct ws_conn *ws)
{
    pusher_session_close_slow(pusher_session_of(ws));
}

static void on_ending(struct ws_conn *ws, uint16_t code)
{
    struct pusher_session *session = pusher_session_of(ws);

    if (!session->is_over)
        session->close_code = code;
    leave_everything(session);
}

static void on_closed(struct ws_conn *ws)
{
    struct pusher_session *session = pusher_session_of(ws);
    struct pusher_worker *worker = session->worker;

    leave_everything(session);
    list_remove(&session->link);
    map_remove(&worker->by_socket_id, &session->by_socket_id);
    worker->sessions_count--;
    metrics_add(&worker->metrics->connections_closed, 1);
    bytes_free(&session->origin);
    free(session);
}

const struct ws_conn_events pusher_session_events = {
    .on_message = on_message,
    .on_control = on_control,
    .on_timer = on_timer,
    .on_stalled = on_stalled,
    .on_ending = on_ending,
    .on_closed = on_closed,
};

/* --- the beginning -------------------------------------------------------------------------- */

static void log_capacity(struct pusher_worker *worker)
{
    const uint64_t now_ms = net_loop_now_ms(worker->loop);

    if (worker->refused_logged_ms != 0 &&
        now_ms - worker->refused_logged_ms < CAPACITY_LOG_INTERVAL_MS)
        return;
    worker->refused_logged_ms = now_ms;
    log_warn(
        "new WebSockets are refused: %zu are open, and the limit of open files (%zu) allows no "
        "more; raise it (ulimit -n, LimitNOFILE)",
        worker->loop->descriptors->websockets_max, worker->loop->descriptors->limit);
}

static void establish(struct pusher_session *session)
{
    struct pusher_worker *worker = session->worker;
    char socket_id[PUSHER_SOCKET_ID_LEN_MAX];
    struct bytes id_text = {socket_id, pusher_socket_id_write(session->socket_id, socket_id)};

    session->is_established = true;
    PUSHER_OBSERVERS_NOTIFY(worker, on_connected, session);
    pusher_encode_connection_established(pusher_worker_scratch(worker), id_text,
                                         pusher_app_settings(session->app)->activity_timeout_s);
    pusher_session_send(session, buffer_bytes(&worker->scratch));
    pusher_liveness_begin(session);
}

static void await_place(struct pusher_session *session)
{
    struct pusher_app *app = session->app;

    session->is_awaiting = true;
    cluster_admit(app->cluster, bytes_of(app->id), pusher_app_settings(app)->max_connections,
                  session->socket_id);
}

/* Establishes it, unless the app has as many connections as it may have. */
static void take_place(struct pusher_session *session)
{
    struct pusher_app *app = session->app;
    const uint32_t max = pusher_app_settings(app)->max_connections;
    const uint32_t before = atomic_fetch_add(&app->connections_count, 1);

    session->is_counted = true;
    if (max != 0 && pusher_app_is_shared(app, CLUSTER_KEY_USER, BYTES(""))) {
        await_place(session);
    } else if (max != 0 && before >= max) {
        pusher_session_close_with_error(session, PUSHER_ERROR_OVER_QUOTA);
    } else {
        if (app->cluster != NULL)
            cluster_connections(app->cluster, bytes_of(app->id), 1);
        session->is_notified = app->cluster != NULL;
        establish(session);
    }
}

void pusher_session_admit(struct pusher_session *session, bool is_admitted)
{
    session->is_awaiting = false;
    session->is_notified = is_admitted;
    if (is_admitted)
        establish(session);
    else
        pusher_session_close_with_error(session, PUSHER_ERROR_OVER_QUOTA);
}

static void resume_subscriptions(struct pusher_session *session)
{
    struct pusher_app *app = session->app;

    LIST_EACH(link, following, &session->subscriber.subscriptions) {
        struct channel_subscription *subscription =
            LIST_OWNER(link, struct channel_subscription, link);

        if (subscription->is_active || subscription->channel->registry != app->channels)
            continue;
        pusher_subscribe_await(session, subscription);
        if (session->is_over)
            return;
    }
}

/* By what this node knows. */
static void decide_place(struct pusher_session *session)
{
    struct pusher_app *app = session->app;
    const uint32_t max = pusher_app_settings(app)->max_connections;
    const bool has_place = max == 0 || atomic_load(&app->connections_count) <= max;

    if (has_place)
        cluster_connections(app->cluster, bytes_of(app->id), 1);
    pusher_session_admit(session, has_place);
}

void pusher_session_resume(struct pusher_session *session)
{
    /* The link may be back already: then it is asked anew. */
    if (session->is_awaiting && pusher_app_is_shared(session->app, CLUSTER_KEY_USER, BYTES("")))
        await_place(session);
    else if (session->is_awaiting)
        decide_place(session);
    if (session->is_over)
        return;
    if (session->user != NULL && session->user->welcome != NULL)
        pusher_signin_await(session);
    resume_subscriptions(session);
}

static void begin(struct pusher_session *session, struct bytes origin)
{
    struct pusher_worker *worker = session->worker;

    if (session->app == NULL) {
        pusher_session_close_with_error(session, PUSHER_ERROR_NO_APP);
    } else if (!session->has_place) {
        log_capacity(worker);
        pusher_session_close_with_error(session, PUSHER_ERROR_OVER_CAPACITY);
    } else if (!pusher_origin_is_allowed(pusher_app_settings(session->app), origin)) {
        pusher_session_close_with_error(session, PUSHER_ERROR_ORIGIN);
    } else {
        if (worker->keeps_origins)
            session->origin = bytes_clone(origin);
        take_place(session);
    }
}

static struct pusher_session *session_new(struct pusher_worker *worker, struct pusher_app *app)
{
    struct pusher_session *session = mem_new(sizeof *session);

    session->worker = worker;
    session->app = app;
    channel_subscriber_init(&session->subscriber, &session->ws);
    do
        session->socket_id = pusher_socket_id_draw(worker->index, worker->workers_count);
    while (pusher_worker_find(worker, session->socket_id) != NULL);
    session->has_place = net_descriptors_take_websocket(worker->loop->descriptors);
    map_add(&worker->by_socket_id, &session->by_socket_id, hash_pair(session->socket_id, 0));
    list_append(&worker->sessions, &session->link);
    worker->sessions_count++;
    metrics_add(&worker->metrics->connections_opened, 1);
    if (app != NULL)
        metrics_add(&metrics_of(session)->connections_opened, 1);
    return session;
}

void pusher_session_open(struct pusher_worker *worker, struct http_conn *http,
                         const struct http_request *request, struct bytes key)
{
    struct pusher_app *app = pusher_apps_find_by_key(worker->apps, key);
    struct ws_handshake handshake = {0};
    struct pusher_session *session;
    struct buffer response = {0};
    struct net_conn *net;
    struct bytes reason;
    struct bytes rest;
    unsigned status =
        ws_handshake_read(request, worker->ws_settings.deflate != NULL, &handshake, &reason);

    if (status != 0) {
        http_conn_respond(http, &(struct http_response){
                                    .status = status,
                                    .content_type = BYTES("text/plain"),
                                    .headers = ws_handshake_refusal_headers(status),
                                    .body = reason,
                                });
        return;
    }
    ws_handshake_write(&response, &handshake, BYTES("X-Powered-By: Laravel Reverb\r\n"));
    net = http_conn_take_over(http, &rest);
    session = session_new(worker, app);
    ws_conn_open(&session->ws, net, &worker->ws_settings,
                 handshake.has_deflate ? handshake.deflate.form : WS_DEFLATE_PLAIN,
                 app ? pusher_app_settings(app)->max_message_size_bytes : 0);
    net_conn_write(net, buffer_bytes(&response));
    buffer_deinit(&response);
    begin(session, http_request_header(request, BYTES("Origin")));
    if (rest.len > 0) {
        /* Lent from the loop's buffer, which may be changed. */
        ws_conn_receive(&session->ws, (char *)(uintptr_t)rest.data, rest.len);
    }
}
