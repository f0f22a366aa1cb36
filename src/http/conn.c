#include "http/conn.h"

#include "base/check.h"
#include "base/mem.h"
#include "http/date.h"
#include "http/forwarded.h"
#include "http/reader.h"
#include "net/address_table.h"

/* A request is read without a copy in the loop's read buffer if it comes whole. What comes in
 * pieces is collected in `in`. */

/* How long a client may take to send one request, and be silent between two. The latter is longer
 * than nginx keeps an idle connection to us (60 s), so that we never close one that nginx is about
 * to use. */
#define REQUEST_MS 10000
/* The same for one that will be refused, as its address has too many connections. */
#define REFUSED_MS 2000
#define IDLE_MS 75000
/* When room is needed, a connection is closed that has sent no request for EVICT_SILENT_MS, or has
 * not completed the one that it began EVICT_SLOW_MS ago. */
#define EVICT_SILENT_MS 250
#define EVICT_SLOW_MS 2000
/* While the server ends: how long a connection that was just accepted may take to send its first
 * request. */
#define FIRST_REQUEST_MS 1000

/* The usual length of a response without its own headers and its body. */
#define RESPONSE_MORE_LEN (128 + HTTP_DATE_LINE_LEN)

struct http_conn {
    struct net_conn *net;
    struct http_conn_settings *settings;
    struct list link;
    struct http_reader reader;
    struct buffer in;  /* a request in pieces, and what came behind it */
    uint64_t asked_ms; /* when it was accepted, or its last request was answered */
    struct http_conn_deferral *deferral; /* not NULL: the response or the request is deferred */
    size_t deferred_len;                 /* length of the deferred request at the start of `in` */
    struct bytes rest;                   /* behind the request being handled */
    struct http_conn_label label;        /* of the request being handled */
    struct ip peer;                      /* a trusted proxy, if `has_proxy` */
    bool has_proxy;
    bool is_refused;    /* a connection too many of its address: its first request is refused */
    bool is_allowed;    /* the request being handled: http_conn_is_allowed() */
    bool has_continued; /* "100 Continue" was sent */
    bool is_handling;   /* a request is with its handler */
    bool is_responded;
    bool has_asked;    /* one request at least */
    bool is_finishing; /* no request after this one */
    bool has_ended;    /* the peer sends nothing more */
    bool is_taken_over;
    bool is_request_deferred;
};

static void begin_request(struct http_conn *conn)
{
    http_reader_begin(&conn->reader);
    conn->label = (struct http_conn_label){0};
    conn->has_continued = false;
    conn->is_responded = false;
}

/* --- answering ------------------------------------------------------------------------------ */

/* From now on it is the first to be evicted. */
static void finish(struct http_conn *conn)
{
    net_conn_finish(conn->net);
    conn->asked_ms = 0;
    list_remove(&conn->link);
    list_append(conn->settings->conns.next, &conn->link);
}

static void respond_as(struct http_conn *conn, const struct http_response *response,
                       bool keeps_alive)
{
    const struct http_head *head = &conn->reader.head;
    const bool has_pieces = response->pieces_count > 0;
    const size_t body_len = has_pieces ? 0 : response->body.len; /* of what is in `out` */
    struct buffer out = {0};
    bool is_queued;

    buffer_reserve(&out, response->headers.len + body_len + RESPONSE_MORE_LEN);
    CHECK(!conn->is_responded && !conn->is_taken_over);
    conn->is_responded = true;
    if (conn->settings->on_responded != NULL)
        conn->settings->on_responded(conn, conn->label, response->status);
    http_response_write(&out, response, http_date_line(), head->version_minor, keeps_alive);
    if (head->is_head_request)
        out.len -= body_len; /* HEAD gets the length only: RFC 9110 section 9.3.2 */
    if (has_pieces && !head->is_head_request)
        is_queued = net_conn_write_pieces(conn->net, buffer_bytes(&out), response->pieces,
                                          response->pieces_count, response->body);
    else
        is_queued = net_conn_write(conn->net, buffer_bytes(&out));
    if (!is_queued)
        net_conn_close(conn->net); /* the client sends requests and does not read */
    else if (!keeps_alive)
        finish(conn);
    buffer_deinit(&out);
}

static void respond(struct http_conn *conn, const struct http_response *response)
{
    respond_as(conn, response, conn->reader.head.keeps_alive && !conn->is_finishing);
}

/* A request that cannot be parsed ends the connection: where the next one begins is unknown. */
static void refuse(struct http_conn *conn, unsigned status, const char *text)
{
    respond_as(conn,
               &(struct http_response){
                   .status = status, .content_type = BYTES("text/plain"), .body = bytes_of(text)},
               false);
}

/* A proxy may send the requests of several clients over one connection. */
static void note_client(struct http_conn *conn, const struct http_request *request)
{
    const struct ip_ranges *trusted = conn->settings->trusted_proxies;
    struct ip client;

    if (!conn->has_proxy)
        return;
    client = http_forwarded_client(request, trusted, &conn->peer);
    net_conn_set_client(conn->net, &client);
}

static bool takes_request(const struct http_conn *conn)
{
    const struct net_loop *loop = net_conn_loop(conn->net);
    struct ip client;

    return loop->address_limits == NULL || !net_conn_limited_client(conn->net, &client) ||
           net_address_table_take_request(loop->addresses, &client, 0, loop->address_limits,
                                          net_loop_now_ms(loop));
}

static void handle(struct http_conn *conn, const char *text, http_conn_handle_fn handler,
                   void *user)
{
    struct http_request request;

    conn->is_handling = true;
    conn->has_asked = true;
    http_reader_fill(&conn->reader, text, &request);
    handler(conn, &request, user);
    conn->is_handling = false;
    CHECK(conn->is_responded || conn->is_taken_over || conn->deferral != NULL);
}

static void handle_first(struct http_conn *conn, const struct http_request *request, void *user)
{
    (void)user;
    note_client(conn, request);
    conn->is_allowed = !conn->is_refused && takes_request(conn);
    conn->settings->on_request(conn, request);
}

/* --- reading -------------------------------------------------------------------------------- */

static void ask_for_body(struct http_conn *conn)
{
    if (conn->has_continued || conn->reader.head_len == 0 || !conn->reader.head.expects_continue)
        return;
    conn->has_continued = true;
    net_conn_write(conn->net, BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* Handles each request that is complete in `available`, up to one that is deferred; returns how
 * many bytes were handled. */
static size_t handle_requests(struct http_conn *conn, struct bytes available)
{
    size_t handled = 0;

    while (handled < available.len && !conn->is_taken_over && !net_conn_is_closing(conn->net)) {
        const struct bytes text = bytes_from(available, handled);
        const ssize_t len =
            http_reader_read(&conn->reader, text, conn->settings->request_bytes_max);

        if (len < 0) {
            refuse(conn, (unsigned)-len, http_reader_fault(&conn->reader));
            break;
        }
        if (len == 0) {
            ask_for_body(conn);
            break;
        }
        conn->rest = bytes_from(text, (size_t)len);
        handle(conn, text.data, handle_first, NULL);
        if (conn->is_request_deferred) {
            conn->deferred_len = (size_t)len;
            break;
        }
        handled += (size_t)len;
        if (conn->is_taken_over || conn->deferral != NULL)
            break;
        begin_request(conn);
        if (handled < available.len && net_conn_must_yield(conn->net)) {
            net_conn_yield(conn->net);
            break;
        }
    }
    return handled;
}

/* Keeps the list ordered: the longest silent first. */
static void note_asked(struct http_conn *conn)
{
    conn->asked_ms = net_loop_now_ms(net_conn_loop(conn->net));
    list_remove(&conn->link);
    list_append(&conn->settings->conns, &conn->link);
}

static void conn_free(struct http_conn *conn)
{
    list_remove(&conn->link);
    buffer_deinit(&conn->in);
    http_reader_deinit(&conn->reader);
    free(conn);
}

/* The time for a request counts from its first byte. */
static void restart_timer(struct http_conn *conn)
{
    const uint64_t now_ms = net_loop_now_ms(net_conn_loop(conn->net));

    net_conn_set_timer(conn->net, now_ms + (conn->in.len == 0 ? IDLE_MS : REQUEST_MS));
}

/* Behind a deferred request, up to the size of one request is buffered. */
static void read_unless_full(struct http_conn *conn)
{
    net_conn_set_reading(conn->net, conn->deferral == NULL ||
                                        conn->in.len <= conn->settings->request_bytes_max);
}

static void let_go(struct http_conn *conn)
{
    if (conn->deferral != NULL)
        conn->deferral->conn = NULL;
    conn->deferral = NULL;
    conn->is_request_deferred = false;
}

/* The peer has ended its side, and all its requests are answered. */
static void finish_if_ended(struct http_conn *conn)
{
    if (conn->has_ended && conn->deferral == NULL && !net_conn_is_held(conn->net))
        net_conn_finish(conn->net);
}

static void on_data(struct net_conn *net, char *data, size_t len)
{
    struct http_conn *conn = net_conn_user(net);
    const bool is_idle = conn->in.len == 0;
    struct bytes available = {data, len};
    size_t handled;

    if (conn->deferral != NULL) {
        buffer_append(&conn->in, data, len);
        read_unless_full(conn);
        return;
    }
    if (!is_idle) {
        buffer_append(&conn->in, data, len);
        available = buffer_bytes(&conn->in);
    }
    handled = handle_requests(conn, available);
    if (conn->is_taken_over) {
        conn_free(conn);
        return;
    }
    /* Not at the turn's end: while this turn's events go out, the publisher sends the next ones
     * already, and those leave together. */
    net_conn_flush(net);
    if (net_conn_is_closing(net)) {
        let_go(conn); /* a deferred request is dropped */
        return;
    }
    if (handled > 0)
        note_asked(conn);
    if (is_idle)
        buffer_append(&conn->in, data + handled, len - handled);
    else
        buffer_consume(&conn->in, handled);
    if (is_idle || handled > 0)
        restart_timer(conn);
    read_unless_full(conn);
    finish_if_ended(conn);
}

/* After a deferred response (`handled` is 0) or a deferred request (the first `handled` bytes):
 * handles the requests behind it. */
static void resume(struct http_conn *conn, size_t handled)
{
    struct net_conn *net = conn->net;

    if (conn->deferral == NULL && !conn->is_taken_over) {
        begin_request(conn);
        handled += handle_requests(conn, bytes_from(buffer_bytes(&conn->in), handled));
    }
    if (conn->is_taken_over) {
        if (conn->has_ended)
            net_conn_close(net); /* its new owner would not be notified of the end */
        conn_free(conn);
        return;
    }
    if (net_conn_is_closing(net)) {
        let_go(conn);
        return;
    }
    buffer_consume(&conn->in, handled);
    note_asked(conn);
    restart_timer(conn);
    read_unless_full(conn);
    finish_if_ended(conn);
}

void http_conn_defer_response(struct http_conn *conn, struct http_conn_deferral *deferral)
{
    CHECK(conn->is_handling && !conn->is_responded && !conn->is_taken_over &&
          conn->deferral == NULL);
    deferral->conn = conn;
    conn->deferral = deferral;
}

void http_conn_defer_request(struct http_conn *conn, struct http_conn_deferral *deferral)
{
    http_conn_defer_response(conn, deferral);
    conn->is_request_deferred = true;
}

/* The request was parsed in the read buffer; now the same bytes are in `in`. */
static const char *deferred_text(const struct http_conn *conn)
{
    CHECK(conn->is_request_deferred && !conn->is_handling && conn->in.len >= conn->deferred_len);
    return conn->in.data;
}

struct bytes http_conn_deferred_body(const struct http_conn *conn)
{
    return http_reader_body(&conn->reader, deferred_text(conn));
}

void http_conn_resume(struct http_conn *conn, http_conn_handle_fn handler, void *user)
{
    struct net_conn *net = conn->net;
    const char *text = deferred_text(conn);

    conn->rest = bytes_from(buffer_bytes(&conn->in), conn->deferred_len);
    let_go(conn);
    if (net_conn_is_closing(net))
        return;
    net_conn_begin_handling(net);
    handle(conn, text, handler, user);
    CHECK(!conn->is_request_deferred);
    resume(conn, conn->deferred_len);
    net_conn_end_handling(net);
    net_conn_flush(net); /* as on_data() does */
}

void http_conn_respond(struct http_conn *conn, const struct http_response *response)
{
    const bool was_held = conn->deferral != NULL && !conn->is_handling;

    let_go(conn);
    respond(conn, response);
    if (was_held)
        resume(conn, 0);
}

/* A client may end its side before the answer is ready. */
static void on_end(struct net_conn *net)
{
    struct http_conn *conn = net_conn_user(net);

    conn->has_ended = true;
    if (conn->deferral == NULL)
        net_conn_finish(net);
}

static void on_timer(struct net_conn *net, uint64_t now_ms)
{
    struct http_conn *conn = net_conn_user(net);

    if (conn->deferral != NULL || net_conn_is_held(net))
        net_conn_set_timer(net, now_ms + REQUEST_MS);
    else if (conn->in.len > 0)
        refuse(conn, 408, "The request took too long.");
    else
        net_conn_finish(net);
}

static void on_closed(struct net_conn *net)
{
    struct http_conn *conn = net_conn_user(net);

    let_go(conn);
    conn_free(conn);
}

static const struct net_conn_events net_events = {
    .is_yielding = true,
    .on_data = on_data,
    .on_end = on_end,
    .on_timer = on_timer,
    .on_closed = on_closed,
};

/* --- life ----------------------------------------------------------------------------------- */

/* A trusted proxy is not counted itself: its clients are, once it names them. */
static void meet_peer(struct http_conn *conn, const struct net_proxy_header *header)
{
    const struct ip_ranges *trusted = conn->settings->trusted_proxies;

    if (header != NULL && header->has_client)
        net_conn_set_client(conn->net, &header->client);
    conn->has_proxy = (header == NULL || header->has_client) && trusted != NULL &&
                      net_conn_client(conn->net, &conn->peer) &&
                      ip_ranges_contain(trusted, &conn->peer);
    conn->is_refused = !conn->has_proxy && !net_conn_count(conn->net);
    conn->is_finishing = conn->is_refused;
}

struct http_conn *http_conn_open_proxied(struct net_loop *loop, int fd, struct net_tls *tls,
                                         const struct net_proxy_header *header,
                                         struct http_conn_settings *settings)
{
    struct http_conn *conn = mem_new(sizeof *conn);

    conn->settings = settings;
    begin_request(conn);
    conn->net = net_conn_open(loop, fd, tls, &net_events, conn);
    if (conn->net == NULL) {
        free(conn);
        return NULL;
    }
    meet_peer(conn, header);
    list_init(&conn->link);
    note_asked(conn);
    net_conn_set_timer(conn->net,
                       net_loop_now_ms(loop) + (conn->is_refused ? REFUSED_MS : REQUEST_MS));
    return conn;
}

struct http_conn *http_conn_open(struct net_loop *loop, int fd, struct net_tls *tls,
                                 struct http_conn_settings *settings)
{
    return http_conn_open_proxied(loop, fd, tls, NULL, settings);
}

void *http_conn_user(const struct http_conn *conn)
{
    return conn->settings->user;
}

const struct net_conn *http_conn_net(const struct http_conn *conn)
{
    return conn->net;
}

bool http_conn_is_allowed(const struct http_conn *conn)
{
    return conn->is_allowed;
}

void http_conn_set_label(struct http_conn *conn, void *owner, unsigned number)
{
    conn->label = (struct http_conn_label){owner, number};
}

/* Every request is answered, and no first request is expected. */
static bool is_idle(const struct http_conn *conn)
{
    const uint64_t silent_ms = net_loop_now_ms(net_conn_loop(conn->net)) - conn->asked_ms;

    return conn->in.len == 0 && !conn->is_handling && conn->deferral == NULL &&
           (conn->has_asked || silent_ms >= FIRST_REQUEST_MS);
}

void http_conn_finish_all(struct http_conn_settings *settings, bool ends_idle)
{
    LIST_EACH(link, following, &settings->conns) {
        struct http_conn *conn = LIST_OWNER(link, struct http_conn, link);

        conn->is_finishing = true;
        /* A request that has come, and was not read yet, is still answered. */
        if (ends_idle && is_idle(conn) && !net_conn_is_closing(conn->net) &&
            !net_conn_has_input(conn->net))
            net_conn_finish(conn->net);
    }
}

void http_conn_close_answered(struct http_conn_settings *settings)
{
    LIST_EACH(link, following, &settings->conns) {
        struct http_conn *conn = LIST_OWNER(link, struct http_conn, link);

        if (net_conn_is_closing(conn->net) && net_conn_backlog_bytes(conn->net) == 0)
            net_conn_close(conn->net);
    }
}

static bool gives_way(const struct http_conn *conn, uint64_t now_ms)
{
    const uint64_t silent_ms = now_ms - conn->asked_ms;

    if (net_conn_is_closing(conn->net))
        return true;
    return conn->deferral == NULL && !net_conn_is_held(conn->net) &&
           silent_ms >= (conn->in.len == 0 ? EVICT_SILENT_MS : EVICT_SLOW_MS);
}

bool http_conn_evict(struct http_conn_settings *settings)
{
    LIST_EACH(link, following, &settings->conns) {
        struct http_conn *conn = LIST_OWNER(link, struct http_conn, link);
        const uint64_t now_ms = net_loop_now_ms(net_conn_loop(conn->net));

        if (now_ms - conn->asked_ms < EVICT_SILENT_MS)
            return false;
        if (gives_way(conn, now_ms)) {
            /* It stays in the list until it is freed: move it behind all others. */
            note_asked(conn);
            net_conn_close(conn->net);
            return true;
        }
    }
    return false;
}

void http_conn_close_all(struct http_conn_settings *settings)
{
    LIST_EACH(link, following, &settings->conns) {
        net_conn_close(LIST_OWNER(link, struct http_conn, link)->net);
    }
}

struct net_conn *http_conn_take_over(struct http_conn *conn, struct bytes *rest)
{
    CHECK(!conn->is_responded && !conn->is_taken_over && conn->deferral == NULL);
    conn->is_taken_over = true;
    net_conn_set_reading(conn->net, true); /* a deferral may have paused it */
    *rest = conn->rest;
    return conn->net;
}
