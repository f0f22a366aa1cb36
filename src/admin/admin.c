#include "admin/admin.h"

#include "admin/console.h"
#include "admin/listen.h"
#include "base/check.h"
#include "base/mem.h"
#include "http/conn.h"
#include "net/listener.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <unistd.h>

#define CONNECTIONS_COUNT_MAX 64
#define REQUEST_BYTES_MAX 16384
/* A page is queued whole, however long it is; behind this much, no further one: a reader that sends
 * requests and does not read is closed. */
#define BACKLOG_BYTES_MAX (256u * 1024)
/* The main thread reads its mailbox all the time: if it takes this long, it hangs. */
#define PAGE_WAIT_MS 3000
#define WAITING_TICK_MS 500

struct admin {
    /* Fixed after the start. */
    struct config_address address;
    const char *token; /* NULL: none is needed; borrowed from the settings */
    uint16_t port;
    int fd; /* the listener's */
    struct net_mailbox *main_mailbox;
    admin_write_fn write;
    void *user;
    pthread_t thread;

    /* The administration thread's. */
    struct net_descriptors descriptors;
    struct net_loop loop;
    struct http_conn_settings http;
    struct net_listener *listener;
    struct list waiting; /* requests for pages that the main thread has not written yet */
    uv_timer_t tick;

    bool is_bequeathed; /* main's: another process has the socket, too */
    bool has_ended;     /* main's: pages that come back are dropped */
};

/* A request on its way to the main thread and back. */
struct page_mail {
    struct net_mail mail;
    struct list link; /* in `waiting`; in no list once the request is answered */
    struct admin *admin;
    struct http_conn_deferral deferral;
    struct admin_page page;
    uint64_t asked_ms;
};

static const struct route {
    struct bytes path;
    enum admin_page_kind kind;
    bool is_console; /* for the console's own requests alone */
    bool is_post;
} routes[] = {
    {BYTES("/metrics"), ADMIN_PAGE_METRICS, false, false},
    {BYTES("/live"), ADMIN_PAGE_LIVE, false, false},
    {BYTES("/ready"), ADMIN_PAGE_READY, false, false},
    {BYTES("/tail"), ADMIN_PAGE_TAIL, true, false},
    {BYTES("/busy"), ADMIN_PAGE_BUSY, true, false},
    {BYTES("/members"), ADMIN_PAGE_MEMBERS, true, false},
    {BYTES("/nodes"), ADMIN_PAGE_NODES, true, false},
    {BYTES("/publish"), ADMIN_PAGE_PUBLISH, true, true},
    {BYTES("/disconnect"), ADMIN_PAGE_DISCONNECT, true, true},
    {BYTES("/terminate"), ADMIN_PAGE_TERMINATE, true, true},
};

/* --- pages ---------------------------------------------------------------------------------- */

static struct bytes content_type_of(enum admin_page_kind kind)
{
    switch (kind) {
    case ADMIN_PAGE_METRICS:
        return BYTES("text/plain; version=0.0.4; charset=utf-8");
    case ADMIN_PAGE_OPEN_METRICS:
        return BYTES("application/openmetrics-text; version=1.0.0; charset=utf-8");
    case ADMIN_PAGE_TAIL:
        return BYTES("application/x-ndjson");
    case ADMIN_PAGE_PUBLISH:
    case ADMIN_PAGE_DISCONNECT:
    case ADMIN_PAGE_TERMINATE:
        return BYTES("text/plain; charset=utf-8");
    default:
        return BYTES("application/json");
    }
}

static void respond_text(struct http_conn *conn, unsigned status, struct bytes headers,
                         struct bytes text)
{
    http_conn_respond(conn,
                      &(struct http_response){.status = status,
                                              .content_type = BYTES("text/plain; charset=utf-8"),
                                              .headers = headers,
                                              .body = text});
}

static void page_free(struct page_mail *asked)
{
    buffer_deinit(&asked->page.query);
    buffer_deinit(&asked->page.headers);
    buffer_deinit(&asked->page.body);
    free(asked);
}

/* Runs on the administration thread: the page is written. */
static void on_written_mail(struct net_mail *mail, void *owner)
{
    struct page_mail *asked = (struct page_mail *)mail;

    (void)owner;
    list_remove(&asked->link);
    buffer_append_text(&asked->page.headers, "Cache-Control: no-store\r\n");
    if (asked->deferral.conn != NULL)
        http_conn_respond(asked->deferral.conn,
                          &(struct http_response){.status = asked->page.status,
                                                  .content_type = content_type_of(asked->page.kind),
                                                  .headers = buffer_bytes(&asked->page.headers),
                                                  .body = buffer_bytes(&asked->page.body)});
    page_free(asked);
}

/* Runs on the main thread. */
static void on_page_mail(struct net_mail *mail, void *owner)
{
    struct page_mail *asked = (struct page_mail *)mail;
    struct admin *admin = asked->admin;

    (void)owner;
    if (admin->has_ended) {
        page_free(asked);
        return;
    }
    admin->write(&asked->page, admin->user);
    asked->mail.deliver = on_written_mail;
    NET_MAILBOX_POST(&admin->loop.mailbox, asked);
}

static void ask_main(struct admin *admin, struct http_conn *conn, enum admin_page_kind kind,
                     struct bytes query)
{
    struct page_mail *asked = mem_new(sizeof *asked);

    asked->mail.deliver = on_page_mail;
    asked->admin = admin;
    asked->page = (struct admin_page){.kind = kind, .status = 200};
    buffer_append_bytes(&asked->page.query, query);
    asked->asked_ms = net_loop_now_ms(&admin->loop);
    list_append(&admin->waiting, &asked->link);
    http_conn_defer_response(conn, &asked->deferral);
    NET_MAILBOX_POST(admin->main_mailbox, asked);
}

/* The oldest requests come first in the list. */
static void on_tick(uv_timer_t *tick)
{
    struct admin *admin = tick->data;

    LIST_EACH(link, following, &admin->waiting) {
        struct page_mail *asked = LIST_OWNER(link, struct page_mail, link);

        if (net_loop_now_ms(&admin->loop) - asked->asked_ms < PAGE_WAIT_MS)
            return;
        list_remove(&asked->link);
        if (asked->deferral.conn != NULL)
            respond_text(asked->deferral.conn, 503, BYTES_NONE,
                         BYTES("The main thread stands still.\n"));
    }
}

/* --- requests ------------------------------------------------------------------------------- */

static bool is_authorized(const struct admin *admin, const struct http_request *request)
{
    struct bytes value = http_request_header(request, BYTES("Authorization"));
    const struct bytes scheme = BYTES("Bearer ");
    const struct bytes token = bytes_of(admin->token);

    if (admin->token == NULL)
        return true;
    if (value.len < scheme.len ||
        !bytes_equal_ignoring_case((struct bytes){value.data, scheme.len}, scheme))
        return false;
    value = bytes_trim(bytes_from(value, scheme.len));
    return value.len == token.len && CRYPTO_memcmp(value.data, token.data, token.len) == 0;
}

static bool wants_open_metrics(const struct http_request *request)
{
    const struct bytes accept = http_request_header(request, BYTES("Accept"));

    return accept.data != NULL &&
           memmem(accept.data, accept.len, "application/openmetrics-text", 28) != NULL;
}

/* Whether a Host is "localhost" or an address, which no other site can have as its name. */
static bool is_no_foreign_name(struct bytes host)
{
    struct bytes rest = host;
    struct bytes name;

    if (bytes_starts_with(host, BYTES("[")))
        return true;
    if (!bytes_next(&rest, ':', &name))
        return false;
    if (bytes_equal_ignoring_case(name, BYTES("localhost")))
        return true;
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] != '.' && (name.data[i] < '0' || name.data[i] > '9'))
            return false;
    return name.len > 0;
}

/* Without a token the listener is this machine's alone. A page of another site in the operator's
 * browser could still send requests to it: not with this header, which the browser would have to
 * ask us for first; and not under a name of its own that it makes lead here. */
static bool is_from_console(const struct http_request *request)
{
    return http_request_header(request, BYTES("X-Reverb-Console")).data != NULL &&
           is_no_foreign_name(http_request_header(request, BYTES("Host")));
}

static void answer_route(struct admin *admin, struct http_conn *conn,
                         const struct http_request *request, const struct route *route)
{
    enum admin_page_kind kind = route->kind;

    if (route->is_post != bytes_equal(request->method, BYTES("POST")))
        respond_text(conn, 405,
                     route->is_post ? BYTES("Allow: POST\r\n") : BYTES("Allow: GET, HEAD\r\n"),
                     BYTES("Method not allowed.\n"));
    else if (route->is_console && admin->token == NULL && !is_from_console(request))
        respond_text(conn, 403, BYTES_NONE,
                     BYTES("This is for the console on this machine: send X-Reverb-Console: 1, to "
                           "localhost or its address.\n"));
    else
        ask_main(admin, conn,
                 kind == ADMIN_PAGE_METRICS && wants_open_metrics(request) ? ADMIN_PAGE_OPEN_METRICS
                                                                           : kind,
                 request->query);
}

static void route(struct admin *admin, struct http_conn *conn, const struct http_request *request)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!bytes_equal(request->path, routes[i].path))
            continue;
        answer_route(admin, conn, request, &routes[i]);
        return;
    }
    respond_text(conn, 404, BYTES_NONE,
                 BYTES("Not found: there are /metrics, /live, /ready, and the console at /.\n"));
}

/* The console's own files need no token: a browser cannot send one before they are there. */
static void on_request(struct http_conn *conn, const struct http_request *request)
{
    struct admin *admin = http_conn_user(conn);
    const bool is_get =
        bytes_equal(request->method, BYTES("GET")) || bytes_equal(request->method, BYTES("HEAD"));
    struct http_response file;

    if (is_get && admin_console_find(request->path, &file))
        http_conn_respond(conn, &file);
    else if (!is_authorized(admin, request))
        respond_text(conn, 401, BYTES("WWW-Authenticate: Bearer\r\n"),
                     BYTES("Give the token: Authorization: Bearer REVERB_ADMIN_TOKEN\n"));
    else if (!is_get && !bytes_equal(request->method, BYTES("POST")))
        respond_text(conn, 405, BYTES("Allow: GET, HEAD\r\n"), BYTES("Method not allowed.\n"));
    else
        route(admin, conn, request);
}

static void on_accept(int fd, void *user)
{
    struct admin *admin = user;

    http_conn_open(&admin->loop, fd, NULL, &admin->http);
}

static bool on_full(void *user)
{
    struct admin *admin = user;

    return http_conn_evict(&admin->http);
}

static const struct net_listener_events listener_events = {
    .on_accept = on_accept,
    .on_full = on_full,
};

/* --- life ----------------------------------------------------------------------------------- */

static void on_turn_end(void *user)
{
    (void)user;
}

static bool open_loop(struct admin *admin, int fd)
{
    admin->descriptors = (struct net_descriptors){
        .limit = CONNECTIONS_COUNT_MAX,
        .connections_max = CONNECTIONS_COUNT_MAX,
    };
    if (net_loop_open(&admin->loop, &admin->descriptors, BACKLOG_BYTES_MAX, on_turn_end, admin) <
        0) {
        close(fd);
        return false;
    }
    list_init(&admin->http.conns);
    list_init(&admin->waiting);
    admin->http.request_bytes_max = REQUEST_BYTES_MAX;
    admin->http.on_request = on_request;
    admin->http.user = admin;
    CHECK(uv_timer_init(&admin->loop.uv, &admin->tick) == 0);
    admin->tick.data = admin;
    CHECK(uv_timer_start(&admin->tick, on_tick, WAITING_TICK_MS, WAITING_TICK_MS) == 0);
    admin->listener = net_listener_open(&admin->loop, fd, &listener_events, admin);
    return admin->listener != NULL;
}

/* Returns the inherited socket if it has the address of the settings, else a new one. */
static int open_socket(struct admin *admin, int inherited_fd, struct buffer *error)
{
    if (inherited_fd >= 0 && admin_listen_is_at(inherited_fd, &admin->address, &admin->port))
        return inherited_fd;
    if (inherited_fd >= 0)
        close(inherited_fd);
    return admin_listen(&admin->address, &admin->port, error);
}

struct admin *admin_open(const struct config *settings, int inherited_fd,
                         struct net_mailbox *main_mailbox, admin_write_fn write, void *user,
                         struct buffer *error)
{
    struct admin *admin = mem_new(sizeof *admin);

    admin->fd = -1;
    admin->token = settings->admin_token;
    admin->main_mailbox = main_mailbox;
    admin->write = write;
    admin->user = user;
    if (config_address_parse(settings->admin, &admin->address, error))
        admin->fd = open_socket(admin, inherited_fd, error);
    if (admin->fd >= 0 && open_loop(admin, admin->fd))
        return admin;
    free(admin);
    return NULL;
}

static void *run(void *user)
{
    struct admin *admin = user;

    net_loop_run(&admin->loop);
    return NULL;
}

void admin_start(struct admin *admin)
{
    CHECK(pthread_create(&admin->thread, NULL, run, admin) == 0);
}

int admin_fd(const struct admin *admin)
{
    return admin->fd;
}

void admin_bequeath(struct admin *admin)
{
    admin->is_bequeathed = true;
}

uint16_t admin_port(const struct admin *admin)
{
    return admin->port;
}

static void on_end_mail(struct net_mail *mail, void *owner)
{
    struct admin *admin = owner;

    free(mail);
    net_listener_close(admin->listener);
    admin->listener = NULL;
    http_conn_close_all(&admin->http);
    net_loop_stop(&admin->loop);
}

void admin_end(struct admin *admin)
{
    struct net_mail *mail = mem_new(sizeof *mail);

    mail->deliver = on_end_mail;
    net_mailbox_post(&admin->loop.mailbox, mail);
    CHECK(pthread_join(admin->thread, NULL) == 0);
    admin->has_ended = true;
    if (!admin->is_bequeathed)
        admin_listen_forget(&admin->address);
}

void admin_free(struct admin *admin)
{
    if (admin == NULL)
        return;
    if (admin->listener != NULL)
        net_listener_close(admin->listener);
    uv_close((uv_handle_t *)&admin->tick, NULL);
    net_loop_close(&admin->loop);
    free(admin);
}
