#include "http/conn.h"

#include "base/check.h"
#include "base/mem.h"
#include "http/strict.h"

#include <http_parser.h>
#include <string.h>

/* A request is parsed where it stands: `base` is its first byte, in the loop's read buffer while
 * all of it is there, in `in` once it came in pieces. So the parser's findings are kept as offsets.
 */

/* What a client gets to send one request, and to stay silent between two. The latter is longer
 * than nginx keeps its connections to us (60 s), so that it is never us who close under it. */
#define REQUEST_MS 10000
#define IDLE_MS 75000
/* When room is needed: who has asked nothing for this long, or has begun a request and not come to
 * its end, gives way. */
#define EVICT_SILENT_MS 250
#define EVICT_SLOW_MS 2000

/* What a response mostly has beside its own headers and its body. */
#define RESPONSE_MORE_LEN 128

struct piece {
    uint32_t from;
    uint32_t len;
};

struct header {
    struct piece name;
    struct piece value;
};

struct http_conn {
    struct net_conn *net;
    struct http_conn_settings *settings;
    struct list link;
    http_parser parser;
    struct buffer in;   /* the request in pieces, and what came behind it */
    struct buffer body; /* of a chunked request */
    uint64_t asked_ms;  /* when it came, or had its last request answered */
    const char *base;
    size_t parsed;
    struct http_conn_hold *hold; /* not NULL: the request is answered later */
    struct bytes rest;           /* behind the request being handled */
    struct piece target;
    struct piece plain_body;
    struct header headers[HTTP_REQUEST_HEADERS_COUNT_MAX];
    size_t headers_count;
    unsigned refused_status; /* found while parsing: too large, too many headers */
    bool has_head;           /* all headers are there */
    bool is_complete;
    bool wants_continue;
    bool keeps_alive;
    bool is_handling; /* a request is with its handler */
    bool is_responded;
    bool is_finishing; /* no request after this one */
    bool has_ended;    /* the peer sends nothing more */
    bool is_taken_over;
};

/* --- what the parser finds ------------------------------------------------------------------ */

static void extend(struct http_conn *conn, struct piece *piece, const char *at, size_t len)
{
    if (piece->len == 0)
        piece->from = (uint32_t)(at - conn->base);
    piece->len += (uint32_t)len;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
    struct http_conn *conn = parser->data;

    extend(conn, &conn->target, at, len);
    return 0;
}

static int on_header_field(http_parser *parser, const char *at, size_t len)
{
    struct http_conn *conn = parser->data;
    struct header *last = conn->headers_count ? &conn->headers[conn->headers_count - 1] : NULL;

    if (conn->has_head)
        return 0; /* a trailer, which must not pass for a header: RFC 9110 section 6.5.1 */
    /* A name after a value, or where the value was empty, is the next header's. */
    if (last == NULL || last->value.from != 0) {
        if (conn->headers_count == HTTP_REQUEST_HEADERS_COUNT_MAX) {
            conn->refused_status = 431;
            return 1;
        }
        last = &conn->headers[conn->headers_count++];
        memset(last, 0, sizeof *last);
    }
    extend(conn, &last->name, at, len);
    return 0;
}

static int on_header_value(http_parser *parser, const char *at, size_t len)
{
    struct http_conn *conn = parser->data;
    struct header *last = &conn->headers[conn->headers_count - 1];

    if (conn->has_head)
        return 0;
    if (last->value.from == 0)
        last->value.from = (uint32_t)(at - conn->base);
    last->value.len += (uint32_t)len;
    return 0;
}

static struct bytes bytes_of_piece(const struct http_conn *conn, struct piece piece)
{
    return (struct bytes){conn->base + piece.from, piece.len};
}

static bool expects_continue(const struct http_conn *conn)
{
    for (size_t i = 0; i < conn->headers_count; i++)
        if (bytes_equal_ignoring_case(bytes_of_piece(conn, conn->headers[i].name), BYTES("Expect")))
            return bytes_equal_ignoring_case(bytes_of_piece(conn, conn->headers[i].value),
                                             BYTES("100-continue"));
    return false;
}

static int on_headers_complete(http_parser *parser)
{
    struct http_conn *conn = parser->data;

    conn->has_head = true;
    if (parser->content_length != UINT64_MAX &&
        parser->content_length > conn->settings->request_bytes_max) {
        conn->refused_status = 413;
        return -1;
    }
    if (parser->http_major != 1) {
        conn->refused_status = 505;
        return -1;
    }
    conn->wants_continue = parser->http_minor > 0 && expects_continue(conn);
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct http_conn *conn = parser->data;

    if (parser->flags & F_CHUNKED)
        buffer_append(&conn->body, at, len);
    else
        extend(conn, &conn->plain_body, at, len);
    return 0;
}

static int on_message_complete(http_parser *parser)
{
    struct http_conn *conn = parser->data;

    conn->is_complete = true;
    conn->keeps_alive = http_should_keep_alive(parser);
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings parser_settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

static void begin_request(struct http_conn *conn)
{
    http_parser_init(&conn->parser, HTTP_REQUEST);
    conn->parser.data = conn;
    conn->parsed = 0;
    conn->target = (struct piece){0};
    conn->plain_body = (struct piece){0};
    conn->headers_count = 0;
    conn->refused_status = 0;
    conn->has_head = false;
    conn->is_complete = false;
    conn->wants_continue = false;
    conn->keeps_alive = true;
    conn->is_responded = false;
    buffer_clear(&conn->body);
}

/* --- answering ------------------------------------------------------------------------------ */

static void respond(struct http_conn *conn, const struct http_response *response)
{
    struct buffer out = {0};
    const bool keeps_alive = conn->keeps_alive && !conn->is_finishing;

    buffer_reserve(&out, response->headers.len + response->body.len + RESPONSE_MORE_LEN);
    CHECK(!conn->is_responded && !conn->is_taken_over);
    conn->is_responded = true;
    http_response_write(&out, response, (uint8_t)conn->parser.http_minor, keeps_alive);
    if (conn->parser.method == HTTP_HEAD)
        out.len -= response->body.len; /* only how long it would be: RFC 9110 section 9.3.2 */
    if (!net_conn_write(conn->net, buffer_bytes(&out)))
        net_conn_close(conn->net); /* it asks and does not read */
    else if (!keeps_alive)
        net_conn_finish(conn->net);
    buffer_deinit(&out);
}

/* What cannot be understood ends the connection: nobody knows where the next request begins. */
static void refuse(struct http_conn *conn, unsigned status, struct bytes text)
{
    conn->keeps_alive = false;
    respond(conn, &(struct http_response){
                      .status = status, .content_type = BYTES("text/plain"), .body = text});
}

static void refuse_parsed(struct http_conn *conn)
{
    struct buffer text = {0};

    switch (conn->refused_status) {
    case 413:
        buffer_append_text(&text, "Payload too large.");
        break;
    case 505:
        buffer_append_text(&text, "HTTP/1.1 or 1.0 is spoken here.");
        break;
    case 431:
        buffer_append_text(&text, "Too many headers.");
        break;
    default:
        if (HTTP_PARSER_ERRNO(&conn->parser) == HPE_OK)
            buffer_append_text(&text, "Bad request: its lines or chunks are not as RFC 9112 says.");
        else
            buffer_printf(&text, "Bad request: %s.",
                          http_errno_description(HTTP_PARSER_ERRNO(&conn->parser)));
    }
    refuse(conn, conn->refused_status, buffer_bytes(&text));
    buffer_deinit(&text);
}

/* "http://host/path?query", as a proxy may be sent it, means the same as "/path?query". */
static struct bytes without_authority(struct bytes target)
{
    const char *scheme_end;
    struct bytes rest;

    if (target.len == 0 || target.data[0] == '/')
        return target;
    scheme_end = memmem(target.data, target.len, "://", 3);
    if (scheme_end == NULL)
        return target;
    rest = bytes_from(target, (size_t)(scheme_end - target.data) + 3);
    while (rest.len > 0 && rest.data[0] != '/' && rest.data[0] != '?')
        rest = bytes_from(rest, 1);
    return rest;
}

static void fill_request(const struct http_conn *conn, struct http_request *request)
{
    struct bytes rest = without_authority(bytes_of_piece(conn, conn->target));

    request->method = bytes_of(http_method_str((enum http_method)conn->parser.method));
    bytes_next(&rest, '?', &request->path);
    if (request->path.len == 0)
        request->path = BYTES("/");
    request->query = rest.data ? rest : BYTES("");
    request->version_minor = (uint8_t)conn->parser.http_minor;
    request->headers_count = conn->headers_count;
    for (size_t i = 0; i < conn->headers_count; i++) {
        request->headers[i].name = bytes_of_piece(conn, conn->headers[i].name);
        request->headers[i].value = bytes_trim(bytes_of_piece(conn, conn->headers[i].value));
    }
    request->body =
        conn->body.len ? buffer_bytes(&conn->body) : bytes_of_piece(conn, conn->plain_body);
}

static void handle(struct http_conn *conn)
{
    struct http_request request;

    conn->is_handling = true;
    fill_request(conn, &request);
    /* RFC 9112 section 3.2. */
    if (request.version_minor > 0 && http_request_header_count(&request, BYTES("Host")) != 1)
        refuse(conn, 400, BYTES("Bad request: the header Host must be there once."));
    else
        conn->settings->on_request(conn, &request);
    conn->is_handling = false;
    CHECK(conn->is_responded || conn->is_taken_over || conn->hold != NULL);
}

/* --- reading -------------------------------------------------------------------------------- */

/* What was parsed, looked at once more as the strictest would. */
static bool has_one_meaning(const struct http_conn *conn)
{
    const struct bytes request = {conn->base, conn->parsed};
    const bool is_chunked = conn->parser.flags & F_CHUNKED;
    const size_t head_len = is_chunked                 ? http_strict_head_len(request)
                            : conn->plain_body.len > 0 ? conn->plain_body.from
                                                       : conn->parsed;

    return http_strict_is_head((struct bytes){request.data, head_len}) &&
           (!is_chunked || http_strict_is_chunked(bytes_from(request, head_len)));
}

/* Parses on in `available`, which begins where the request begins. Then the request is complete,
 * refused, or needs more. */
static void parse(struct http_conn *conn, struct bytes available)
{
    size_t used;

    conn->base = available.data;
    used = http_parser_execute(&conn->parser, &parser_settings, available.data + conn->parsed,
                               available.len - conn->parsed);
    conn->parsed += used;
    if (conn->is_complete) {
        http_parser_pause(&conn->parser, 0);
        if (!has_one_meaning(conn))
            conn->refused_status = 400;
    } else if (HTTP_PARSER_ERRNO(&conn->parser) != HPE_OK && conn->refused_status == 0) {
        conn->refused_status = 400;
    }
    /* Too large is said first, also of what is too many. */
    if ((conn->refused_status == 0 && conn->parsed > conn->settings->request_bytes_max) ||
        (conn->refused_status == 431 && available.len > conn->settings->request_bytes_max))
        conn->refused_status = 413;
}

static void ask_for_body(struct http_conn *conn)
{
    if (!conn->wants_continue)
        return;
    conn->wants_continue = false;
    net_conn_write(conn->net, BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* Handles each request that is complete in `available`, up to one that is held; answers how many
 * bytes they were. */
static size_t handle_requests(struct http_conn *conn, struct bytes available)
{
    size_t handled = 0;

    while (handled < available.len && !conn->is_taken_over && !net_conn_is_closing(conn->net)) {
        parse(conn, bytes_from(available, handled));
        if (conn->refused_status != 0) {
            refuse_parsed(conn);
            break;
        }
        if (!conn->is_complete) {
            ask_for_body(conn);
            break;
        }
        handled += conn->parsed;
        conn->rest = bytes_from(available, handled);
        handle(conn);
        if (conn->is_taken_over || conn->hold != NULL)
            break;
        begin_request(conn);
    }
    return handled;
}

/* The longest silent stand first. */
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
    buffer_deinit(&conn->body);
    free(conn);
}

/* The time for a request counts from its first byte. */
static void restart_timer(struct http_conn *conn)
{
    const uint64_t now_ms = net_loop_now_ms(net_conn_loop(conn->net));

    net_conn_set_timer(conn->net, now_ms + (conn->in.len == 0 ? IDLE_MS : REQUEST_MS));
}

/* Behind a held request, as much is kept as one may have. */
static void read_unless_full(struct http_conn *conn)
{
    net_conn_set_reading(conn->net,
                         conn->hold == NULL || conn->in.len <= conn->settings->request_bytes_max);
}

static void on_data(struct net_conn *net, char *data, size_t len)
{
    struct http_conn *conn = net_conn_user(net);
    const bool is_idle = conn->in.len == 0;
    struct bytes available = {data, len};
    size_t handled;

    if (conn->hold != NULL) {
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
    /* Not at the turn's end: while this turn's events go out to many, who published them sends the
     * next ones, which then leave together. */
    net_conn_flush(net);
    if (net_conn_is_closing(net))
        return;
    if (handled > 0)
        note_asked(conn);
    if (is_idle)
        buffer_append(&conn->in, data + handled, len - handled);
    else
        buffer_consume(&conn->in, handled);
    if (is_idle || handled > 0)
        restart_timer(conn);
    read_unless_full(conn);
}

/* After a held request: those that came behind it. */
static void resume(struct http_conn *conn)
{
    struct net_conn *net = conn->net;
    size_t handled;

    begin_request(conn);
    handled = handle_requests(conn, buffer_bytes(&conn->in));
    if (conn->is_taken_over) {
        if (conn->has_ended)
            net_conn_close(net); /* its new owner would not hear of it */
        conn_free(conn);
        return;
    }
    if (net_conn_is_closing(net))
        return;
    buffer_consume(&conn->in, handled);
    note_asked(conn);
    restart_timer(conn);
    read_unless_full(conn);
    if (conn->has_ended && conn->hold == NULL)
        net_conn_finish(net);
}

static void let_go(struct http_conn *conn)
{
    if (conn->hold != NULL)
        conn->hold->conn = NULL;
    conn->hold = NULL;
}

void http_conn_hold(struct http_conn *conn, struct http_conn_hold *hold)
{
    CHECK(conn->is_handling && !conn->is_responded && !conn->is_taken_over && conn->hold == NULL);
    hold->conn = conn;
    conn->hold = hold;
}

void http_conn_respond(struct http_conn *conn, const struct http_response *response)
{
    const bool was_held = conn->hold != NULL && !conn->is_handling;

    let_go(conn);
    respond(conn, response);
    if (was_held)
        resume(conn);
}

/* Whoever has asked may end its side before the answer is there. */
static void on_end(struct net_conn *net)
{
    struct http_conn *conn = net_conn_user(net);

    conn->has_ended = true;
    if (conn->hold == NULL)
        net_conn_finish(net);
}

static void on_timer(struct net_conn *net, uint64_t now_ms)
{
    struct http_conn *conn = net_conn_user(net);

    if (conn->hold != NULL)
        net_conn_set_timer(net, now_ms + REQUEST_MS);
    else if (conn->in.len > 0)
        refuse(conn, 408, BYTES("The request took too long."));
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
    .on_data = on_data,
    .on_end = on_end,
    .on_timer = on_timer,
    .on_closed = on_closed,
};

/* --- life ----------------------------------------------------------------------------------- */

struct http_conn *http_conn_open(struct net_loop *loop, int fd, struct net_tls *tls,
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
    list_init(&conn->link);
    note_asked(conn);
    net_conn_set_timer(conn->net, net_loop_now_ms(loop) + REQUEST_MS);
    return conn;
}

void *http_conn_user(const struct http_conn *conn)
{
    return conn->settings->user;
}

void http_conn_finish_all(struct http_conn_settings *settings)
{
    LIST_EACH(link, following, &settings->conns) {
        struct http_conn *conn = LIST_OWNER(link, struct http_conn, link);

        conn->is_finishing = true;
        if (conn->in.len == 0 && !conn->is_handling && conn->hold == NULL)
            net_conn_finish(conn->net);
    }
}

static bool gives_way(const struct http_conn *conn, uint64_t now_ms)
{
    const uint64_t silent_ms = now_ms - conn->asked_ms;

    if (net_conn_is_closing(conn->net))
        return true;
    return conn->hold == NULL && silent_ms >= (conn->in.len == 0 ? EVICT_SILENT_MS : EVICT_SLOW_MS);
}

bool http_conn_evict(struct http_conn_settings *settings)
{
    LIST_EACH(link, following, &settings->conns) {
        struct http_conn *conn = LIST_OWNER(link, struct http_conn, link);
        const uint64_t now_ms = net_loop_now_ms(net_conn_loop(conn->net));

        if (now_ms - conn->asked_ms < EVICT_SILENT_MS)
            return false;
        if (gives_way(conn, now_ms)) {
            /* It stays in the list until it is freed, behind all others. */
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
    CHECK(!conn->is_responded && !conn->is_taken_over && conn->hold == NULL);
    conn->is_taken_over = true;
    *rest = conn->rest;
    return conn->net;
}
