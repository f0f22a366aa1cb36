#include "server/worker.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/socket.h"
#include "pusher/conversation.h"
#include "pusher/terminate.h"

/* How often an ending worker checks whether it is done. */
#define ENDING_TICK_MS 20
/* How long a tick closes clients: each is first sent what waits for it. */
#define ENDING_SLICE_NS UINT64_C(16000000)
/* The time to answer a close frame while no process listens on the port: the other clients
 * reconnect after 1 s, and one that is refused then stays away for 15 s. */
#define HURRIED_ANSWER_MS 400
/* How long an idle HTTP connection stays for one more request, whose response then says that the
 * connection ends: a publisher that sends several a second never meets a closed one. */
#define IDLE_HTTP_MS 300
/* How many silent connections are closed when another worker asks for room. */
#define EVICTIONS_AT_ONCE_MAX 8
/* How long a proxy's connection may be without its header if room is needed, or while the server
 * ends: the same as for a first request. */
#define HEADER_SILENT_MS 250
#define HEADER_ENDING_MS 1000

struct end_mail {
    struct net_mail mail;
    struct server_worker *worker;
    struct server_worker_end how;
};

struct room_mail {
    struct net_mail mail;
    struct server_worker *worker;
};

struct call_mail {
    struct net_mail mail;
    struct server_worker *worker;
    void (*on_done)(void *user);
    void *user;
};

struct message_mail {
    struct net_mail mail;
    struct server_worker *worker;
    uint64_t socket_id;
    char *message; /* NULL: the connection is to end */
};

/* From the begin of the turn that read the requests to the last receiver of their events. */
static void observe_publishes(struct server_worker *worker)
{
    struct metrics *metrics = worker->pusher->metrics;
    const uint64_t published = metrics_read(&metrics->events_published);

    if (published != worker->published_before && worker->loop.poller.woken_ns != 0)
        metrics_observe_times(&metrics->publish_ns, uv_hrtime() - worker->loop.poller.woken_ns,
                              METRICS_DURATION_UNIT_NS, published - worker->published_before);
    worker->published_before = published;
}

static void on_turn_end(void *user)
{
    struct server_worker *worker = user;

    api_end_turn(&worker->api);
    net_slices_end_turn(&worker->pusher->slices, &worker->loop);
    channel_joining_end_turn(&worker->pusher->joining);
    channel_fanout_end_turn(&worker->pusher->fanout);
    net_loop_send_batch(&worker->loop);
    net_proxied_end_turn(&worker->proxied);
    buffer_clear(&worker->pusher->scratch);
    observe_publishes(worker);
}

static void on_request(struct http_conn *conn, const struct http_request *request)
{
    struct server_worker *worker = http_conn_user(conn);

    api_handle(&worker->api, conn, request);
}

static void on_responded(struct http_conn *conn, struct http_conn_label label, unsigned status)
{
    struct server_worker *worker = http_conn_user(conn);
    struct metrics_app *metrics = pusher_worker_metrics_of(worker->pusher, label.owner);

    metrics_requests_add(metrics_app_requests(metrics), (enum metrics_requests_route)label.number,
                         status);
    if (status == 413)
        metrics_add(&metrics->rejected[METRICS_APP_REJECT_SIZE], 1);
}

static bool is_of_proxy(const struct server_worker *worker, int fd, struct ip *peer)
{
    return net_socket_peer(fd, peer) &&
           (ip_is_unix(peer) ||
            (worker->trusted_proxies != NULL && ip_ranges_contain(worker->trusted_proxies, peer)));
}

static void on_accept(int fd, void *user)
{
    struct server_worker *worker = user;
    struct ip peer;

    if (worker->takes_proxy_headers && is_of_proxy(worker, fd, &peer))
        net_proxied_take(&worker->proxied, fd, &peer);
    else
        http_conn_open(&worker->loop, fd, worker->tls, &worker->http);
}

static void on_header(int fd, const struct net_proxy_header *header, void *user)
{
    struct server_worker *worker = user;

    http_conn_open_proxied(&worker->loop, fd, worker->tls, header, &worker->http);
}

static void on_header_refused(const struct ip *proxy, void *user)
{
    struct server_worker *worker = user;

    pusher_worker_note_rejected_peer(worker->pusher, METRICS_APP_REJECT_PROXY, proxy);
}

static const struct net_proxied_events proxied_events = {
    .on_header = on_header,
    .on_refused = on_header_refused,
};

/* --- making room ---------------------------------------------------------------------------- */

/* Evicts a connection that is being closed, else one that is silent. */
static bool make_room(struct server_worker *worker)
{
    return pusher_session_evict(worker->pusher) ||
           net_proxied_evict(&worker->proxied, HEADER_SILENT_MS) || http_conn_evict(&worker->http);
}

static void on_room_mail(struct net_mail *mail, void *owner)
{
    struct room_mail *room = (struct room_mail *)mail;
    int evicted = 0;

    (void)owner;
    atomic_store(&room->worker->is_asked_for_room, false);
    while (evicted < EVICTIONS_AT_ONCE_MAX && make_room(room->worker))
        evicted++;
    free(room);
}

/* All workers share one limit of descriptors: silent connections of another one may fill it. */
static void ask_others_for_room(struct server_worker *worker)
{
    for (size_t i = 0; i < worker->all_count; i++) {
        struct server_worker *other = &worker->all[i];
        struct room_mail *room;

        if (other == worker || atomic_exchange(&other->is_asked_for_room, true))
            continue;
        room = mem_new(sizeof *room);
        room->mail.deliver = on_room_mail;
        room->worker = other;
        NET_MAILBOX_POST(&other->loop.mailbox, room);
    }
}

static bool on_full(void *user)
{
    struct server_worker *worker = user;

    if (make_room(worker))
        return true;
    ask_others_for_room(worker);
    return false;
}

static const struct net_listener_events listener_events = {
    .on_accept = on_accept,
    .on_full = on_full,
};

/* --- ending --------------------------------------------------------------------------------- */

static void close_without_header(struct server_worker *worker, uint64_t wait_ms)
{
    while (net_proxied_evict(&worker->proxied, wait_ms))
        ;
}

static void cut_off_everybody(struct server_worker *worker)
{
    close_without_header(worker, 0);
    pusher_session_close_all(worker->pusher);
    http_conn_close_all(&worker->http);
}

/* Closes clients that have no output backlog and still do not answer the close frame. */
static void cut_off_who_has_all(struct server_worker *worker)
{
    pusher_session_close_answered(worker->pusher);
    http_conn_close_answered(&worker->http);
}

/* Closes as many as are due by now: all at once, or in proportion to the time that has passed. */
static void end_due_sessions(struct server_worker *worker, uint64_t passed_ms)
{
    size_t due;

    if (passed_ms < worker->how.spread_ms)
        due = (size_t)(worker->ending_sessions_count * passed_ms / worker->how.spread_ms);
    else
        due = SIZE_MAX; /* also those that were upgraded meanwhile */
    if (due > worker->ended_sessions_count)
        worker->ended_sessions_count +=
            pusher_session_end_some(worker->pusher, due - worker->ended_sessions_count,
                                    worker->how.code, uv_hrtime() + ENDING_SLICE_NS);
}

static void on_ending_tick(uv_timer_t *timer)
{
    struct server_worker *worker = timer->data;
    const uint64_t now_ms = net_loop_now_ms(&worker->loop);
    const uint64_t passed_ms = now_ms - worker->ending_began_ms;

    end_due_sessions(worker, passed_ms);
    http_conn_finish_all(&worker->http, passed_ms >= IDLE_HTTP_MS);
    close_without_header(worker, HEADER_ENDING_MS);
    if (worker->how.is_hurried && passed_ms >= worker->how.spread_ms + HURRIED_ANSWER_MS)
        cut_off_who_has_all(worker);
    if (now_ms >= worker->deadline_ms)
        cut_off_everybody(worker);
    if (worker->loop.connections_count == 0) {
        uv_timer_stop(timer);
        net_loop_stop(&worker->loop);
    }
}

static void close_listeners(struct server_worker *worker)
{
    while (worker->listeners_count > 0)
        net_listener_close(worker->listeners[--worker->listeners_count]);
}

static void on_stop_listening_mail(struct net_mail *mail, void *owner)
{
    struct call_mail *call = (struct call_mail *)mail;

    (void)owner;
    close_listeners(call->worker);
    call->on_done(call->user);
    free(call);
}

static void post_call(struct server_worker *worker,
                      void (*deliver)(struct net_mail *mail, void *owner),
                      void (*on_done)(void *user), void *user)
{
    struct call_mail *call = mem_new(sizeof *call);

    call->mail.deliver = deliver;
    call->worker = worker;
    call->on_done = on_done;
    call->user = user;
    NET_MAILBOX_POST(&worker->loop.mailbox, call);
}

void server_worker_stop_listening(struct server_worker *worker, void (*on_done)(void *user),
                                  void *user)
{
    post_call(worker, on_stop_listening_mail, on_done, user);
}

static void on_end_mail(struct net_mail *mail, void *owner)
{
    struct end_mail *end = (struct end_mail *)mail;
    struct server_worker *worker = end->worker;
    const uint64_t now_ms = net_loop_now_ms(&worker->loop);

    (void)owner;
    worker->how = end->how;
    worker->deadline_ms = now_ms + end->how.spread_ms + end->how.grace_ms;
    if (!worker->is_ending) {
        worker->is_ending = true;
        worker->ending_began_ms = now_ms;
        worker->ending_sessions_count = worker->pusher->sessions_count;
        close_listeners(worker);
        uv_timer_start(&worker->ending, on_ending_tick, 0, ENDING_TICK_MS);
    }
    free(end);
}

void server_worker_end(struct server_worker *worker, const struct server_worker_end *how)
{
    struct end_mail *end = mem_new(sizeof *end);

    end->mail.deliver = on_end_mail;
    end->worker = worker;
    end->how = *how;
    NET_MAILBOX_POST(&worker->loop.mailbox, end);
}

/* --- reloading ------------------------------------------------------------------------------ */

static void on_reload_mail(struct net_mail *mail, void *owner)
{
    struct call_mail *call = (struct call_mail *)mail;

    (void)owner;
    pusher_terminate_removed(call->worker->pusher, call->on_done, call->user);
    free(call);
}

void server_worker_reload(struct server_worker *worker, void (*on_done)(void *user), void *user)
{
    post_call(worker, on_reload_mail, on_done, user);
}

/* --- one connection ------------------------------------------------------------------------- */

static void on_message_mail(struct net_mail *mail, void *owner)
{
    struct message_mail *message = (struct message_mail *)mail;
    struct pusher_session *session =
        pusher_session_find(message->worker->pusher, message->socket_id);

    (void)owner;
    if (session != NULL && message->message != NULL)
        pusher_session_send(session, bytes_of(message->message));
    else if (session != NULL && session->state != PUSHER_SESSION_OVER)
        pusher_session_close(session, WS_CLOSE_NORMAL, BYTES_NONE);
    free(message->message);
    free(message);
}

void server_worker_message(struct server_worker *worker, uint64_t socket_id, struct bytes message)
{
    struct message_mail *mail = mem_new(sizeof *mail);

    mail->mail.deliver = on_message_mail;
    mail->worker = worker;
    mail->socket_id = socket_id;
    mail->message = message.data != NULL ? bytes_copy(message) : NULL;
    NET_MAILBOX_POST(&worker->loop.mailbox, mail);
}

/* --- life ----------------------------------------------------------------------------------- */

static bool open_listeners(struct server_worker *worker, const int *fds, size_t count)
{
    worker->listeners = mem_new(count * sizeof(struct net_listener *));
    for (size_t i = 0; i < count; i++) {
        struct net_listener *listener =
            net_listener_open(&worker->loop, fds[i], &listener_events, worker);

        if (listener == NULL)
            return false;
        worker->listeners[worker->listeners_count++] = listener;
    }
    return true;
}

/* NULL if there are none. */
static const struct config_address_limits *address_limits_of(const struct config *config)
{
    const struct config_address_limits *limits = &config->address_limits;

    return limits->connections_max > 0 || limits->connections_per_s > 0 ||
                   limits->requests_per_s > 0
               ? limits
               : NULL;
}

int server_worker_open(struct server_worker *worker, const struct config *config,
                       const int *listen_fds, size_t listen_fds_count,
                       struct net_descriptors *descriptors)
{
    int status =
        net_loop_open(&worker->loop, descriptors, config->max_backlog_bytes, on_turn_end, worker);

    if (status < 0)
        return status;
    worker->loop.takes_guests = true;
    worker->loop.metrics = worker->pusher->metrics;
    worker->loop.addresses = worker->addresses;
    worker->loop.unlimited = worker->trusted_proxies;
    worker->loop.address_limits = address_limits_of(config);
    worker->takes_proxy_headers = config->proxy_protocol;
    net_proxied_open(&worker->proxied, &worker->loop, &proxied_events, worker);
    worker->pusher->loop = &worker->loop;
    pusher_conversation_init(worker->pusher, config->compression);
    worker->api = (struct api){
        .worker = worker->pusher,
        .cluster = worker->cluster,
        .stalled_workers_count = worker->stalled_workers_count,
        .is_lame_duck = worker->is_lame_duck,
        .path = bytes_of(config->path),
        .is_debug = config->debug,
        .on_websocket = pusher_conversation_open,
    };
    list_init(&worker->http.conns);
    worker->http.request_bytes_max = config->max_request_size_bytes;
    worker->http.on_request = on_request;
    worker->http.on_responded = on_responded;
    worker->http.trusted_proxies = worker->trusted_proxies;
    worker->http.user = worker;
    CHECK(uv_timer_init(&worker->loop.uv, &worker->ending) == 0);
    worker->ending.data = worker;
    return open_listeners(worker, listen_fds, listen_fds_count) ? 0 : UV_EINVAL;
}

static void *run(void *user)
{
    struct server_worker *worker = user;

    if (worker->has_batches && !net_loop_use_batch(&worker->loop))
        log_warn("a worker has no io_uring, although there is one: it is served by epoll");
    net_loop_run(&worker->loop);
    atomic_store(&worker->has_ended, true);
    worker->on_ended(worker->user);
    if (worker->cluster != NULL)
        cluster_run_on(worker->cluster);
    return NULL;
}

int server_worker_start(struct server_worker *worker, void (*on_ended)(void *user), void *user)
{
    worker->on_ended = on_ended;
    worker->user = user;
    return -pthread_create(&worker->thread, NULL, run, worker);
}

void server_worker_join(struct server_worker *worker)
{
    CHECK(pthread_join(worker->thread, NULL) == 0);
}

void server_worker_close(struct server_worker *worker)
{
    close_listeners(worker);
    free(worker->listeners);
    uv_close((uv_handle_t *)&worker->ending, NULL);
    net_proxied_close(&worker->proxied);
    net_loop_close(&worker->loop);
    pusher_worker_deinit(worker->pusher);
}
