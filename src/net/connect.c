#include "net/connect.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/socket.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* Each address gets its share of the time that is left, so that one that does not respond does not
 * keep the next from being tried. The error of the last address is the one that is reported. */

#define ADDRESSES_COUNT_MAX 16

/* May outlive its `net_connecting`: a lookup under way cannot always be cancelled. */
struct lookup {
    uv_getaddrinfo_t request;
    struct net_connecting *waiting; /* NULL: cancelled */
};

struct address {
    struct sockaddr_storage storage;
    socklen_t len;
};

struct net_connecting {
    struct net_poller_watch watch;
    uv_timer_t timer;
    struct net_loop *loop;
    const struct net_conn_events *events;
    void *user;
    net_connect_fn on_done;
    struct net_tls *tls;
    struct net_tls_session *session; /* NULL until it is connected, and for a plain connection */
    struct lookup *lookup;           /* NULL if no lookup is under way */
    char *host;
    uint64_t timeout_ms;
    uint64_t ends_at_ms;
    struct address addresses[ADDRESSES_COUNT_MAX];
    size_t addresses_count;
    size_t next;         /* the index of the address to try next */
    struct buffer error; /* of the last address that was tried */
    uint16_t port;
};

static void try_next(struct net_connecting *connecting);

static bool is_path(const char *host)
{
    return host[0] == '/';
}

static void say(struct net_connecting *connecting, const char *why)
{
    buffer_clear(&connecting->error);
    buffer_append_text(&connecting->error, why);
}

static void say_timed_out(struct net_connecting *connecting)
{
    const bool is_seconds = connecting->timeout_ms % 1000 == 0;

    buffer_clear(&connecting->error);
    buffer_printf(&connecting->error, "timed out after %" PRIu64 "%s",
                  is_seconds ? connecting->timeout_ms / 1000 : connecting->timeout_ms,
                  is_seconds ? " s" : " ms");
    if (connecting->lookup != NULL)
        buffer_append_text(&connecting->error, " while its name was looked up");
    if (connecting->session != NULL)
        buffer_append_text(&connecting->error, " in the TLS handshake; does it speak TLS there?");
}

/* --- the end -------------------------------------------------------------------------------- */

/* Ends the watch and leaves the socket open: the caller closes it or hands it over. */
static int let_go_of_socket(struct net_connecting *connecting)
{
    const int fd = connecting->watch.fd;

    net_poller_remove(&connecting->loop->poller, &connecting->watch);
    return fd;
}

static void drop_socket(struct net_connecting *connecting)
{
    const int fd = let_go_of_socket(connecting);

    if (fd < 0)
        return;
    net_tls_session_free(connecting->session);
    connecting->session = NULL;
    close(fd);
    net_descriptors_give_connection(connecting->loop->descriptors);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct net_connecting *connecting = handle->data;

    buffer_deinit(&connecting->error);
    free(connecting->host);
    free(connecting);
}

/* Frees it when the turn has ended: its memory holds the watch. */
static void end(struct net_connecting *connecting)
{
    drop_socket(connecting);
    if (connecting->lookup != NULL) {
        connecting->lookup->waiting = NULL;
        uv_cancel((uv_req_t *)&connecting->lookup->request);
        connecting->lookup = NULL;
    }
    uv_close((uv_handle_t *)&connecting->timer, on_timer_closed);
}

void net_connect_cancel(struct net_connecting *connecting)
{
    end(connecting);
}

static void fail(struct net_connecting *connecting)
{
    end(connecting);
    connecting->on_done(NULL, buffer_text(&connecting->error), connecting->user);
}

static void succeed(struct net_connecting *connecting)
{
    struct net_conn *conn =
        net_conn_open_connected(connecting->loop, let_go_of_socket(connecting), connecting->session,
                                connecting->events, connecting->user);

    connecting->session = NULL;
    if (conn == NULL) {
        say(connecting, "the system cannot watch one more socket");
        fail(connecting);
        return;
    }
    end(connecting);
    connecting->on_done(conn, NULL, connecting->user);
}

/* --- one address ---------------------------------------------------------------------------- */

static void shake_hands(struct net_connecting *connecting)
{
    bool wants_write = false;

    buffer_clear(&connecting->error);
    if (net_tls_handshake(connecting->session, &wants_write, &connecting->error)) {
        succeed(connecting);
        return;
    }
    if (errno == EAGAIN &&
        net_poller_change(&connecting->loop->poller, &connecting->watch, true, wants_write) == 0)
        return;
    drop_socket(connecting);
    try_next(connecting);
}

static void on_arrived(struct net_connecting *connecting)
{
    const int status = net_socket_connected(connecting->watch.fd);

    if (status < 0) {
        say(connecting, uv_strerror(status));
        drop_socket(connecting);
        try_next(connecting);
        return;
    }
    if (connecting->tls == NULL) {
        succeed(connecting);
        return;
    }
    connecting->session = net_tls_session_new_client(
        connecting->tls, connecting->watch.fd, is_path(connecting->host) ? NULL : connecting->host);
    if (connecting->session != NULL) {
        shake_hands(connecting);
        return;
    }
    say(connecting, "no certificate can be for such a name");
    fail(connecting);
}

static void on_ready(struct net_poller_watch *watch, bool is_readable, bool is_writable)
{
    struct net_connecting *connecting = LIST_OWNER(watch, struct net_connecting, watch);

    (void)is_readable;
    (void)is_writable;
    if (connecting->session != NULL)
        shake_hands(connecting);
    else
        on_arrived(connecting);
}

static void on_timeout(uv_timer_t *timer)
{
    struct net_connecting *connecting = timer->data;

    say_timed_out(connecting);
    drop_socket(connecting);
    try_next(connecting);
}

/* Starts connecting to the address; false if that fails at once. */
static bool set_out(struct net_connecting *connecting, const struct address *address)
{
    const int fd = net_socket_connect((const struct sockaddr *)&address->storage, address->len);
    int status;

    if (fd < 0) {
        say(connecting, uv_strerror(fd));
        return false;
    }
    net_descriptors_add_connection(connecting->loop->descriptors);
    status = net_poller_add(&connecting->loop->poller, &connecting->watch, fd, false, true);
    if (status == 0)
        return true;
    say(connecting, uv_strerror(status));
    close(fd);
    net_descriptors_give_connection(connecting->loop->descriptors);
    return false;
}

static void try_next(struct net_connecting *connecting)
{
    const uint64_t now_ms = net_loop_now_ms(connecting->loop);
    const uint64_t left_ms = connecting->ends_at_ms > now_ms ? connecting->ends_at_ms - now_ms : 0;

    while (connecting->next < connecting->addresses_count) {
        const size_t left_count = connecting->addresses_count - connecting->next;

        if (!set_out(connecting, &connecting->addresses[connecting->next++]))
            continue;
        CHECK(uv_timer_start(&connecting->timer, on_timeout, left_ms / left_count, 0) == 0);
        return;
    }
    fail(connecting);
}

/* --- the addresses -------------------------------------------------------------------------- */

static void add_address(struct net_connecting *connecting, const void *address, size_t len)
{
    struct address *to = &connecting->addresses[connecting->addresses_count];

    if (connecting->addresses_count == ADDRESSES_COUNT_MAX)
        return;
    memcpy(&to->storage, address, len);
    to->len = (socklen_t)len;
    connecting->addresses_count++;
}

static void add_path(struct net_connecting *connecting)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t len = strlen(connecting->host);

    if (len >= sizeof address.sun_path) {
        say(connecting, "the path is too long for a Unix socket");
        return;
    }
    memcpy(address.sun_path, connecting->host, len);
    add_address(connecting, &address, sizeof address);
}

static bool add_number(struct net_connecting *connecting)
{
    struct sockaddr_in address;
    struct sockaddr_in6 address6;

    if (uv_ip4_addr(connecting->host, connecting->port, &address) == 0)
        add_address(connecting, &address, sizeof address);
    else if (uv_ip6_addr(connecting->host, connecting->port, &address6) == 0)
        add_address(connecting, &address6, sizeof address6);
    return connecting->addresses_count > 0;
}

static void say_unresolved(struct net_connecting *connecting, int status)
{
    buffer_clear(&connecting->error);
    buffer_printf(&connecting->error, "its name cannot be resolved: %s", uv_strerror(status));
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *lookup = request->data;
    struct net_connecting *connecting = lookup->waiting;

    if (connecting != NULL) {
        connecting->lookup = NULL;
        if (status < 0)
            say_unresolved(connecting, status);
        for (const struct addrinfo *at = found; at != NULL; at = at->ai_next)
            add_address(connecting, at->ai_addr, at->ai_addrlen);
        try_next(connecting);
    }
    uv_freeaddrinfo(found);
    free(lookup);
}

/* Starts the lookup; false if that fails. */
static bool look_up(struct net_connecting *connecting)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct lookup *lookup = mem_new(sizeof *lookup);
    char service[8];
    int status;

    snprintf(service, sizeof service, "%u", connecting->port);
    lookup->waiting = connecting;
    lookup->request.data = lookup;
    status = uv_getaddrinfo(&connecting->loop->uv, &lookup->request, on_resolved, connecting->host,
                            service, &hints);
    if (status == 0) {
        connecting->lookup = lookup;
        return true;
    }
    say_unresolved(connecting, status);
    free(lookup);
    return false;
}

static void on_begin(uv_timer_t *timer)
{
    struct net_connecting *connecting = timer->data;

    connecting->ends_at_ms = net_loop_now_ms(connecting->loop) + connecting->timeout_ms;
    if (is_path(connecting->host)) {
        add_path(connecting);
    } else if (!add_number(connecting) && look_up(connecting)) {
        CHECK(uv_timer_start(timer, on_timeout, connecting->timeout_ms, 0) == 0);
        return;
    }
    try_next(connecting);
}

struct net_connecting *net_connect(struct net_loop *loop, const char *host, uint16_t port,
                                   struct net_tls *tls, uint64_t timeout_ms,
                                   const struct net_conn_events *events, void *user,
                                   net_connect_fn on_done)
{
    struct net_connecting *connecting = mem_new(sizeof *connecting);

    connecting->loop = loop;
    connecting->host = bytes_copy(bytes_of(host));
    connecting->port = port;
    connecting->tls = tls;
    connecting->timeout_ms = timeout_ms;
    connecting->events = events;
    connecting->user = user;
    connecting->on_done = on_done;
    connecting->watch.on_ready = on_ready;
    connecting->watch.fd = -1;
    CHECK(uv_timer_init(&loop->uv, &connecting->timer) == 0);
    connecting->timer.data = connecting;
    /* All of it happens in later turns. */
    CHECK(uv_timer_start(&connecting->timer, on_begin, 0, 0) == 0);
    return connecting;
}
