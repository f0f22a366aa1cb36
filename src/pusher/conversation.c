#include "pusher/conversation.h"

#include "base/log.h"
#include "pusher/address_limits.h"
#include "pusher/apps.h"
#include "pusher/authority.h"
#include "pusher/client_event.h"
#include "pusher/decode.h"
#include "pusher/encode.h"
#include "pusher/liveness.h"
#include "pusher/origin.h"
#include "pusher/session.h"
#include "pusher/signin.h"
#include "pusher/socket_id.h"
#include "pusher/subscribe.h"
#include "pusher/watchlist.h"
#include "pusher/welcome.h"
#include "ws/handshake.h"

#define CAPACITY_LOG_INTERVAL_MS 10000

/* --- what the client sends ------------------------------------------------------------------ */

static void dispatch(struct pusher_session *session, struct pusher_decode_message *message)
{
    if (bytes_equal(message->event, BYTES("pusher:ping"))) {
        pusher_encode_pong(pusher_worker_scratch(session->worker));
        pusher_session_send(session, buffer_bytes(&session->worker->scratch));
    } else if (bytes_equal(message->event, BYTES("pusher:pong"))) {
        return; /* it only shows that the client is alive */
    } else if (bytes_equal(message->event, BYTES("pusher:subscribe"))) {
        pusher_subscribe(session, message);
    } else if (bytes_equal(message->event, BYTES("pusher:unsubscribe"))) {
        pusher_subscribe_end(session, message);
    } else if (bytes_equal(message->event, BYTES("pusher:signin"))) {
        pusher_signin(session, message, pusher_watchlist_set);
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
    /* Not 4301: clients would never reconnect. */
    if (settings->terminate_on_limit)
        pusher_session_close(session, PUSHER_ERROR_CLOSE_BACK_OFF,
                             pusher_error_text(PUSHER_ERROR_RATE_LIMIT));
    return false;
}

static void on_message(struct ws_conn *ws, struct bytes text, bool is_text)
{
    struct pusher_session *session = pusher_session_of(ws);
    struct pusher_decode_message message = {0};

    if (session->state == PUSHER_SESSION_OVER)
        return;
    if (session->state != PUSHER_SESSION_ESTABLISHED) {
        pusher_session_send_error(session, PUSHER_ERROR_INVALID_MESSAGE);
        return;
    }
    pusher_liveness_seen(session);
    metrics_add(&session->worker->metrics->messages_received, 1);
    metrics_add(&pusher_session_metrics(session)->messages_received, 1);
    metrics_add(&pusher_session_metrics(session)->bytes_received, text.len);
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

    if (session->state == PUSHER_SESSION_OVER)
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

/* --- the end -------------------------------------------------------------------------------- */

static void on_over(struct pusher_session *session)
{
    pusher_watchlist_set(session, BYTES_NONE);
    pusher_signin_end(session);
    while (!list_is_empty(&session->subscriber.subscriptions))
        pusher_subscribe_leave(session, LIST_OWNER(session->subscriber.subscriptions.next,
                                                   struct channel_subscription, link));
    pusher_authority_dismiss(session);
    pusher_address_limits_give_connection(session);
}

static void on_stalled(struct ws_conn *ws)
{
    pusher_session_close_slow(pusher_session_of(ws));
}

static struct net_chunk_holder holder_of(struct ws_conn *ws)
{
    const struct pusher_session *session = pusher_session_of(ws);

    return (struct net_chunk_holder){
        .app = session->app != NULL ? session->app->backlog_account : NET_CHUNK_NOBODY,
        .user = session->backlog_account,
    };
}

static void on_ending(struct ws_conn *ws, uint16_t code)
{
    struct pusher_session *session = pusher_session_of(ws);

    if (session->state != PUSHER_SESSION_OVER)
        session->close_code = code;
    if (session->state != PUSHER_SESSION_OVER && code == WS_CLOSE_TOO_BIG)
        metrics_add(&pusher_session_metrics(session)->rejected[METRICS_APP_REJECT_SIZE], 1);
    pusher_session_end(session);
}

static void on_closed(struct ws_conn *ws)
{
    struct pusher_session *session = pusher_session_of(ws);

    pusher_session_end(session);
    pusher_session_free(session);
}

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

    session->state = PUSHER_SESSION_ESTABLISHED;
    PUSHER_OBSERVERS_NOTIFY(worker, on_connected, session);
    pusher_encode_connection_established(pusher_worker_scratch(worker), id_text,
                                         pusher_app_settings(session->app)->activity_timeout_s);
    pusher_session_send(session, buffer_bytes(&worker->scratch));
    pusher_liveness_begin(session);
}

static void on_admitted(struct pusher_session *session, bool is_admitted)
{
    if (is_admitted)
        establish(session);
    else
        pusher_session_close_with_error(session, PUSHER_ERROR_OVER_QUOTA);
}

static void begin(struct pusher_session *session, struct bytes origin, bool is_allowed)
{
    struct pusher_worker *worker = session->worker;

    if (session->app == NULL) {
        pusher_session_close_with_error(session, PUSHER_ERROR_NO_APP);
    } else if (!is_allowed || !pusher_address_limits_take_connection(session)) {
        pusher_session_close_with_error(session, PUSHER_ERROR_ADDRESS);
    } else if (!session->has_place) {
        log_capacity(worker);
        pusher_session_close_with_error(session, PUSHER_ERROR_OVER_CAPACITY);
    } else if (!pusher_origin_is_allowed(pusher_app_settings(session->app), origin)) {
        pusher_session_close_with_error(session, PUSHER_ERROR_ORIGIN);
    } else {
        if (worker->keeps_origins)
            session->origin = bytes_clone(origin);
        pusher_authority_admit(session);
    }
}

void pusher_conversation_open(struct pusher_worker *worker, struct http_conn *http,
                              const struct http_request *request, struct bytes key)
{
    struct pusher_app *app = pusher_apps_find_by_key(worker->apps, key);
    struct ws_handshake handshake = {0};
    struct pusher_session *session;
    struct buffer response = {0};
    struct net_conn *net;
    const bool is_allowed = http_conn_is_allowed(http);
    struct bytes reason;
    struct bytes rest;
    unsigned status =
        ws_handshake_read(request, worker->ws_settings.deflate != NULL, &handshake, &reason);

    http_conn_set_label(http, app, METRICS_REQUESTS_WEBSOCKET);
    if (status != 0) {
        http_conn_respond(http, &(struct http_response){
                                    .status = status,
                                    .content_type = BYTES("text/plain"),
                                    .headers = ws_handshake_refusal_headers(status),
                                    .body = reason,
                                });
        return;
    }
    metrics_requests_add(metrics_app_requests(pusher_worker_metrics_of(worker, app)),
                         METRICS_REQUESTS_WEBSOCKET, 101);
    ws_handshake_write(&response, &handshake, BYTES("X-Powered-By: Laravel Reverb\r\n"));
    net = http_conn_take_over(http, &rest);
    session = pusher_session_new(worker, app);
    ws_conn_open(&session->ws, net, &worker->ws_settings,
                 handshake.has_deflate ? handshake.deflate.form : WS_DEFLATE_PLAIN,
                 app ? pusher_app_settings(app)->max_message_size_bytes : 0);
    net_conn_write(net, buffer_bytes(&response));
    buffer_deinit(&response);
    begin(session, http_request_header(request, BYTES("Origin")), is_allowed);
    if (rest.len > 0) {
        /* Borrowed from the loop's buffer, which may be modified. */
        ws_conn_receive(&session->ws, (char *)(uintptr_t)rest.data, rest.len);
    }
}

static const struct pusher_session_events session_events = {
    .on_admitted = on_admitted,
    .on_over = on_over,
};

/* --- callbacks of the worker's parts --------------------------------------------------------- */

static const struct ws_conn_events ws_events = {
    .on_message = on_message,
    .on_control = on_control,
    .on_timer = on_timer,
    .on_stalled = on_stalled,
    .holder = holder_of,
    .on_ending = on_ending,
    .on_closed = on_closed,
};

static struct channel_subscriber *find_subscriber(void *user, uint64_t socket_id)
{
    struct pusher_session *session = pusher_session_find(user, socket_id);

    return session ? &session->subscriber : NULL;
}

static void on_slow_reader(struct ws_conn *ws)
{
    pusher_session_close_slow(pusher_session_of(ws));
}

static void on_sent(struct ws_conn *ws, const struct ws_message *message)
{
    const struct pusher_session *session = pusher_session_of(ws);

    PUSHER_OBSERVERS_NOTIFY(session->worker, on_sent, session, ws_message_text(message));
}

static void on_sent_count(struct ws_conn *ws, size_t count)
{
    const struct pusher_session *session = pusher_session_of(ws);

    PUSHER_OBSERVERS_NOTIFY(session->worker, on_sent_count, session->app, count);
}

/* The fan-out reports what it sent only if an observer has a callback for it. */
static void listen_to_fanout(struct pusher_worker *worker)
{
    const struct pusher_observers *observer;

    for (observer = worker->observers; observer != NULL; observer = observer->next) {
        if (observer->events->on_sent != NULL)
            worker->fanout.on_sent = on_sent;
        if (observer->events->on_sent_count != NULL)
            worker->fanout.on_sent_count = on_sent_count;
    }
}

static void write_state(void *user, struct channel *channel, struct ws_message **welcome,
                        struct ws_message **cached)
{
    struct pusher_worker *worker = user;

    *welcome = pusher_welcome_new(channel, &worker->scratch);
    *cached = pusher_welcome_cached(channel, net_loop_now_ms(worker->loop), &worker->scratch);
}

void pusher_conversation_init(struct pusher_worker *worker, bool has_compression)
{
    worker->ws_settings.events = &ws_events;
    worker->session_events = &session_events;
    worker->fanout.find = find_subscriber;
    worker->fanout.on_slow_reader = on_slow_reader;
    worker->fanout.user = worker;
    worker->joining.write = write_state;
    worker->joining.user = worker;
    listen_to_fanout(worker);
    pusher_worker_init(worker, has_compression);
}
