#include "net/proxied.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/mem.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* What arrives is looked at before it is read. Only what belongs to the header is then read, so
 * that a partial one does not leave the socket readable and the loop spinning. */

struct waiting {
    struct net_poller_watch watch;
    struct net_proxied *proxied;
    struct list link;
    struct ip proxy;
    uint64_t accepted_ms;
    struct buffer in; /* the header so far, then what was looked at last */
};

static struct waiting *first_of(struct list *list)
{
    return list->next == list ? NULL : LIST_OWNER(list->next, struct waiting, link);
}

/* Ends the wait; the socket stays open. The poller needs the watch until the turn ends. */
static int let_go(struct waiting *conn)
{
    struct net_proxied *proxied = conn->proxied;
    const int fd = conn->watch.fd;

    net_poller_remove(&proxied->loop->poller, &conn->watch);
    list_remove(&conn->link);
    list_append(&proxied->ended, &conn->link);
    proxied->loop->connections_count--;
    return fd;
}

static void drop(struct waiting *conn)
{
    struct net_descriptors *descriptors = conn->proxied->loop->descriptors;

    close(let_go(conn));
    net_descriptors_give_connection(descriptors);
}

static void refuse(struct waiting *conn)
{
    /* Whoever sees the end finds it counted. */
    conn->proxied->events->on_refused(&conn->proxy, conn->proxied->user);
    drop(conn);
}

/* Reads what was looked at: that many bytes are there. */
static bool consume(int fd, char *scratch, size_t len)
{
    return recv(fd, scratch, len, 0) == (ssize_t)len;
}

static void on_peeked(struct waiting *conn, char *peeked, size_t len)
{
    const size_t kept = conn->in.len;
    struct net_proxy_header header;
    ssize_t header_len;

    buffer_append(&conn->in, peeked, len);
    header_len = net_proxy_header_parse(buffer_bytes(&conn->in), &header);
    if (header_len < 0) {
        refuse(conn);
        return;
    }
    if (!consume(conn->watch.fd, peeked, header_len == 0 ? len : (size_t)header_len - kept))
        drop(conn); /* it broke */
    else if (header_len > 0)
        conn->proxied->events->on_header(let_go(conn), &header, conn->proxied->user);
}

static void receive(struct waiting *conn)
{
    char peeked[NET_PROXY_HEADER_LEN_MAX];
    const ssize_t len = recv(conn->watch.fd, peeked, sizeof peeked, MSG_PEEK);

    if (len > 0)
        on_peeked(conn, peeked, (size_t)len);
    else if (len == 0 && conn->in.len > 0)
        refuse(conn);
    else if (len == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        drop(conn); /* who connects and leaves has checked whether the port is open */
}

static void on_ready(struct net_poller_watch *watch, bool is_readable, bool is_writable)
{
    (void)is_writable;
    if (is_readable)
        receive(LIST_OWNER(watch, struct waiting, watch));
}

/* --- the time limit ------------------------------------------------------------------------- */

static uint64_t waited_ms(const struct waiting *conn)
{
    return net_loop_now_ms(conn->proxied->loop) - conn->accepted_ms;
}

static void on_timer(uv_timer_t *timer);

static void set_timer(struct net_proxied *proxied)
{
    const struct waiting *first = first_of(&proxied->waiting);

    if (first != NULL)
        CHECK(uv_timer_start(&proxied->timer, on_timer, proxied->limit_ms - waited_ms(first), 0) ==
              0);
}

static void on_timer(uv_timer_t *timer)
{
    struct net_proxied *proxied = timer->data;

    LIST_EACH(link, following, &proxied->waiting) {
        struct waiting *conn = LIST_OWNER(link, struct waiting, link);

        if (waited_ms(conn) < proxied->limit_ms)
            break;
        receive(conn); /* the process may have stood still */
        if (conn->watch.fd >= 0)
            refuse(conn);
    }
    set_timer(proxied);
}

/* --- life ----------------------------------------------------------------------------------- */

void net_proxied_open(struct net_proxied *proxied, struct net_loop *loop,
                      const struct net_proxied_events *events, void *user)
{
    *proxied = (struct net_proxied){
        .loop = loop, .events = events, .user = user, .limit_ms = NET_PROXIED_HEADER_MS};
    list_init(&proxied->waiting);
    list_init(&proxied->ended);
    CHECK(uv_timer_init(&loop->uv, &proxied->timer) == 0);
    proxied->timer.data = proxied;
}

void net_proxied_close(struct net_proxied *proxied)
{
    CHECK(first_of(&proxied->waiting) == NULL);
    net_proxied_end_turn(proxied);
    uv_close((uv_handle_t *)&proxied->timer, NULL);
}

void net_proxied_take(struct net_proxied *proxied, int fd, const struct ip *proxy)
{
    struct waiting *conn = mem_new(sizeof *conn);

    conn->watch.on_ready = on_ready;
    conn->proxied = proxied;
    conn->proxy = *proxy;
    conn->accepted_ms = net_loop_now_ms(proxied->loop);
    if (net_poller_add(&proxied->loop->poller, &conn->watch, fd, true, false) < 0) {
        free(conn);
        close(fd);
        net_descriptors_give_connection(proxied->loop->descriptors);
        return;
    }
    list_append(&proxied->waiting, &conn->link);
    proxied->loop->connections_count++;
    if (!uv_is_active((uv_handle_t *)&proxied->timer))
        set_timer(proxied);
}

bool net_proxied_evict(struct net_proxied *proxied, uint64_t wait_ms)
{
    struct waiting *first = first_of(&proxied->waiting);

    if (first == NULL || waited_ms(first) < wait_ms)
        return false;
    drop(first);
    return true;
}

void net_proxied_end_turn(struct net_proxied *proxied)
{
    LIST_EACH(link, following, &proxied->ended) {
        struct waiting *conn = LIST_OWNER(link, struct waiting, link);

        buffer_deinit(&conn->in);
        free(conn);
    }
    list_init(&proxied->ended);
}
