#include "net/conn.h"

#include "base/mem.h"
#include "net/address_table.h"
#include "net/backlog.h"
#include "net/clients.h"
#include "net/receiving.h"
#include "net/sending.h"
#include "net/socket.h"
#include "net/stream.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

/* The time for a peer to read the last bytes and end its side. */
#define FINISH_MS 5000
/* Slow readers that are ended in one tick. */
#define STALLED_A_TICK_MAX 256

struct net_conn {
    struct net_stream stream;
    const struct net_conn_events *events;
    void *user;
};

/* The allocator has chunks of 8 bytes less than a multiple of 16. */
static_assert(sizeof(struct net_conn) <= 136, "an idle connection must stay small");

static struct net_conn *conn_of(struct net_stream *stream)
{
    return LIST_OWNER(stream, struct net_conn, stream);
}

/* --- sending -------------------------------------------------------------------------------- */

void net_conn_flush(struct net_conn *conn)
{
    net_sending_flush_early(&conn->stream);
}

bool net_conn_write(struct net_conn *conn, struct bytes data)
{
    return net_conn_write_pair(conn, data, BYTES(""));
}

bool net_conn_write_pair(struct net_conn *conn, struct bytes head, struct bytes body)
{
    if (conn->stream.state != NET_STREAM_OPEN)
        return true;
    if (!net_sending_make_room(&conn->stream, head.len + body.len))
        return false;
    if (conn->stream.state == NET_STREAM_OPEN) {
        net_sending_copy(&conn->stream, head);
        net_sending_copy(&conn->stream, body);
    }
    return true;
}

bool net_conn_write_pieces(struct net_conn *conn, struct bytes head,
                           struct net_chunk *const *pieces, size_t count, struct bytes tail)
{
    size_t len = head.len + tail.len;

    for (size_t i = 0; i < count; i++)
        len += pieces[i]->len;
    if (conn->stream.state != NET_STREAM_OPEN)
        return true;
    if (!net_sending_make_room(&conn->stream, len))
        return false;
    if (conn->stream.state != NET_STREAM_OPEN)
        return true;
    net_sending_copy(&conn->stream, head);
    for (size_t i = 0; i < count; i++)
        net_sending_share(&conn->stream, pieces[i], 0);
    net_sending_copy(&conn->stream, tail);
    return true;
}

void net_conn_write_last(struct net_conn *conn, struct bytes data)
{
    if (conn->stream.state == NET_STREAM_OPEN)
        net_sending_copy(&conn->stream, data);
}

bool net_conn_queue(struct net_conn *conn, struct net_chunk *chunk, size_t offset)
{
    if (conn->stream.state != NET_STREAM_OPEN)
        return true;
    if (!net_sending_make_room(&conn->stream, chunk->len - offset))
        return false;
    if (conn->stream.state == NET_STREAM_OPEN)
        net_sending_share(&conn->stream, chunk, offset);
    return true;
}

bool net_conn_send(struct net_conn *conn, struct net_chunk *chunk)
{
    if (conn->stream.state != NET_STREAM_OPEN)
        return true;
    if (conn->stream.output.first != NULL || conn->stream.is_blocked || conn->stream.tls != NULL)
        return net_conn_queue(conn, chunk, 0);
    net_sending_start(&conn->stream, chunk);
    return true;
}

size_t net_conn_backlog_bytes(const struct net_conn *conn)
{
    return conn->stream.output.bytes;
}

uint64_t net_conn_progress_ms(const struct net_conn *conn)
{
    return conn->stream.state != NET_STREAM_CLOSED && conn->stream.is_blocked
               ? conn->stream.backlog->progress_ms
               : 0;
}

/* Whether its memory must be free soon. */
static bool must_hurry(const struct net_conn *conn)
{
    const size_t max = conn->stream.loop->backlog_bytes_max;

    return net_backlog_is_hurried(max) ||
           net_backlog_is_over_share(conn->stream.backlog->holder, max);
}

void net_conn_end_stalled(struct net_loop *loop, uint64_t now_ms)
{
    struct net_stream *stalled[STALLED_A_TICK_MAX];
    const size_t count = net_sending_find_stalled(loop, now_ms, stalled, STALLED_A_TICK_MAX);

    for (size_t i = 0; i < count; i++) {
        struct net_conn *conn = conn_of(stalled[i]);
        bool is_hurried;
        bool is_due;

        if (!conn->stream.is_blocked || !net_sending_is_stalled(&conn->stream, now_ms, &is_due))
            continue; /* enough memory was freed */
        is_hurried = must_hurry(conn);
        if (conn->stream.state == NET_STREAM_OPEN && conn->events->on_stalled != NULL)
            conn->events->on_stalled(conn);
        else if (conn->stream.state == NET_STREAM_OPEN)
            net_conn_close(conn);
        if (is_hurried)
            net_conn_close(conn);
    }
}

/* --- receiving ------------------------------------------------------------------------------ */

static void hold(struct net_conn *conn, struct net_held *held)
{
    if (conn->events->is_yielding)
        net_stream_hold(&conn->stream, held);
}

bool net_conn_must_yield(const struct net_conn *conn)
{
    return net_watermark_has_filled() || uv_hrtime() >= conn->stream.loop->yield_ns;
}

void net_conn_yield(struct net_conn *conn)
{
    if (net_watermark_has_filled())
        return; /* net_conn_end_handling() holds it back for that queue */
    hold(conn, &conn->stream.loop->yielding);
    net_loop_come_back(conn->stream.loop);
}

bool net_conn_is_held(const struct net_conn *conn)
{
    return conn->stream.is_held;
}

void net_conn_begin_handling(struct net_conn *conn)
{
    net_watermark_take_filled();
    conn->stream.loop->yield_ns = uv_hrtime() + conn->stream.loop->share_ns;
}

void net_conn_end_handling(struct net_conn *conn)
{
    struct net_watermark *filled = net_watermark_take_filled();

    if (filled == NULL || conn->stream.state != NET_STREAM_OPEN || !conn->events->is_yielding)
        return;
    hold(conn, net_loop_wait_for(conn->stream.loop, filled));
}

static void on_input(struct net_stream *stream, char *data, size_t len)
{
    struct net_conn *conn = conn_of(stream);

    /* Mails that were posted before this input was sent are handled before it (net/mailbox.h). */
    net_mailbox_drain(&conn->stream.loop->mailbox);
    if (conn->stream.state != NET_STREAM_OPEN)
        return;
    net_conn_begin_handling(conn);
    conn->events->on_data(conn, data, len);
    net_conn_end_handling(conn);
}

static struct net_chunk_holder holder_of(struct net_stream *stream)
{
    struct net_conn *conn = conn_of(stream);

    if (stream->state != NET_STREAM_OPEN || conn->events->holder == NULL)
        return (struct net_chunk_holder){NET_CHUNK_NOBODY, NET_CHUNK_NOBODY};
    return conn->events->holder(conn);
}

static void on_end(struct net_stream *stream)
{
    conn_of(stream)->events->on_end(conn_of(stream));
}

static void on_ready(struct net_poller_watch *watch, bool is_readable, bool is_writable)
{
    struct net_stream *stream = LIST_OWNER(watch, struct net_stream, watch);

    if (is_readable)
        net_receiving_read(stream);
    /* TLS may have needed input from the peer to continue writing. */
    if (stream->state != NET_STREAM_CLOSED &&
        (is_writable || (stream->tls != NULL && stream->is_blocked)))
        net_sending_flush(stream);
}

/* --- life ----------------------------------------------------------------------------------- */

static void free_closed(struct net_loop *loop)
{
    /* Only those closed before: one that a callback here closes may also have unsent output, and
     * must outlive the next flush. */
    struct net_stream *stream = loop->closed;

    loop->closed = NULL;
    while (stream != NULL) {
        struct net_stream *next = stream->next_closed;
        struct net_conn *conn = conn_of(stream);

        conn->events->on_closed(conn);
        loop->connections_count--;
        if (conn->stream.is_counted)
            net_address_table_give_connection(
                loop->addresses, net_clients_find(&loop->clients, conn), 0, net_loop_now_ms(loop));
        net_clients_remove(&loop->clients, conn);
        free(conn);
        stream = next;
    }
}

static const struct net_loop_connections loop_connections = {
    .on_input = on_input,
    .on_end = on_end,
    .read_batch = net_receiving_read_batch,
    .send_batch = net_sending_flush_batch,
    .resume_held = net_receiving_resume_held,
    .flush_all = net_sending_flush_all,
    .free_closed = free_closed,
    .end_stalled = net_conn_end_stalled,
    .holder = holder_of,
    .on_timer = net_conn_on_timer,
};

static struct net_conn *refuse(struct net_loop *loop, int fd)
{
    net_descriptors_give_connection(loop->descriptors);
    close(fd);
    return NULL;
}

struct net_conn *net_conn_open(struct net_loop *loop, int fd, struct net_tls *tls,
                               const struct net_conn_events *events, void *user)
{
    struct net_tls_session *session = tls != NULL ? net_tls_session_new(tls, fd) : NULL;

    if (tls != NULL && session == NULL)
        return refuse(loop, fd);
    return net_conn_open_connected(loop, fd, session, events, user);
}

struct net_conn *net_conn_open_connected(struct net_loop *loop, int fd,
                                         struct net_tls_session *session,
                                         const struct net_conn_events *events, void *user)
{
    struct net_conn *conn = mem_new(sizeof *conn);

    loop->connections = &loop_connections;
    conn->stream.loop = loop;
    conn->stream.tls = session;
    conn->events = events;
    conn->user = user;
    conn->stream.watch.on_ready = on_ready;
    net_timer_init(&conn->stream.timer);
    if (net_poller_add(&loop->poller, &conn->stream.watch, fd, true, false) < 0) {
        net_tls_session_free(session);
        free(conn);
        return refuse(loop, fd);
    }
    loop->connections_count++;
    return conn;
}

void net_conn_hand_over(struct net_conn *conn, const struct net_conn_events *events, void *user)
{
    conn->events = events;
    conn->user = user;
}

void *net_conn_user(const struct net_conn *conn)
{
    return conn->user;
}

bool net_conn_client(const struct net_conn *conn, struct ip *client)
{
    const struct ip *known = net_clients_find(&conn->stream.loop->clients, conn);

    if (known == NULL)
        return conn->stream.state != NET_STREAM_CLOSED &&
               net_socket_peer(conn->stream.watch.fd, client);
    *client = *known;
    return true;
}

void net_conn_set_client(struct net_conn *conn, const struct ip *client)
{
    net_clients_set(&conn->stream.loop->clients, conn, client);
}

bool net_conn_limited_client(const struct net_conn *conn, struct ip *client)
{
    const struct net_loop *loop = conn->stream.loop;

    return loop->addresses != NULL && net_conn_client(conn, client) && !ip_is_unix(client) &&
           (loop->unlimited == NULL || !ip_ranges_contain(loop->unlimited, client));
}

bool net_conn_count(struct net_conn *conn)
{
    const struct net_loop *loop = conn->stream.loop;
    struct ip client;

    if (conn->stream.is_counted || loop->address_limits == NULL ||
        !net_conn_limited_client(conn, &client))
        return true;
    net_conn_set_client(conn, &client); /* it is known longer than the socket */
    conn->stream.is_counted = net_address_table_take_connection(
        loop->addresses, &client, 0, loop->address_limits, net_loop_now_ms(loop));
    return conn->stream.is_counted;
}

void net_conn_client_text(const struct net_conn *conn, char out[NET_CONN_CLIENT_LEN_MAX])
{
    struct ip client;

    if (net_conn_client(conn, &client))
        ip_write(&client, out);
    else
        snprintf(out, NET_CONN_CLIENT_LEN_MAX, "unknown");
}

struct net_loop *net_conn_loop(const struct net_conn *conn)
{
    return conn->stream.loop;
}

void net_conn_set_reading(struct net_conn *conn, bool reads)
{
    if (conn->stream.state != NET_STREAM_OPEN || conn->stream.is_paused == !reads)
        return;
    conn->stream.is_paused = !reads;
    net_stream_update_interest(&conn->stream);
}

void net_conn_set_timer(struct net_conn *conn, uint64_t due_ms)
{
    if (conn->stream.state == NET_STREAM_OPEN)
        net_timer_set(&conn->stream.loop->wheel, &conn->stream.timer, due_ms);
}

void net_conn_on_timer(struct net_timer *timer, uint64_t now_ms)
{
    struct net_conn *conn = LIST_OWNER(&timer->link, struct net_conn, stream.timer.link);

    if (conn->stream.state == NET_STREAM_OPEN)
        conn->events->on_timer(conn, now_ms);
    else
        net_conn_close(conn);
}

void net_conn_finish(struct net_conn *conn)
{
    if (conn->stream.state != NET_STREAM_OPEN)
        return;
    net_stream_let_go(&conn->stream); /* its input is no longer handled */
    conn->stream.is_paused = false;
    net_stream_update_interest(&conn->stream); /* to notice the end of its side */
    if (conn->stream.state != NET_STREAM_OPEN)
        return;
    conn->stream.state = NET_STREAM_FINISHING;
    net_timer_set(&conn->stream.loop->wheel, &conn->stream.timer,
                  net_loop_now_ms(conn->stream.loop) + FINISH_MS);
    net_sending_at_turn_end(&conn->stream);
}

void net_conn_finish_at_once(struct net_conn *conn)
{
    net_conn_finish(conn);
    if (conn->stream.tls != NULL || conn->stream.state != NET_STREAM_FINISHING)
        return;
    conn->stream.has_ended = true;
    if (conn->stream.is_blocked)
        net_stream_update_interest(&conn->stream);
}

void net_conn_close(struct net_conn *conn)
{
    if (conn->stream.is_batched)
        net_sending_flush(&conn->stream); /* without a batch it would have been sent before */
    net_stream_close(&conn->stream);
}

bool net_conn_is_closing(const struct net_conn *conn)
{
    return conn->stream.state != NET_STREAM_OPEN;
}

bool net_conn_has_input(const struct net_conn *conn)
{
    char byte;

    return !net_conn_is_closing(conn) && recv(conn->stream.watch.fd, &byte, 1, MSG_PEEK) > 0;
}
