#include "net/conn.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/socket.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Output is a queue of segments, each a stretch of a chunk. Small pieces for one connection are
 * copied together into a chunk of its own; a run of events is shared by reference. */

#define OWN_CHUNK_LEN_MIN 512
#define SEGMENTS_A_WRITE_MAX 64
/* Queued more than this in one turn: sent before the turn's end, so that memory stays bounded. */
#define UNSENT_BYTES_MAX 262144
/* What a peer gets to take the last bytes and end its side. */
#define FINISH_MS 5000
/* Decrypted at one go before others have their turn. */
#define TLS_READS_MAX 16

enum state { STATE_OPEN, STATE_FINISHING, STATE_FINISHED, STATE_CLOSED };

struct segment {
    struct segment *next;
    struct net_chunk *chunk;
    uint32_t offset;
    bool is_own; /* no other connection has the chunk: it may grow */
};

struct net_conn {
    struct net_poller_watch watch;
    const struct net_conn_events *events;
    void *user;
    struct net_loop *loop;
    struct net_tls_session *tls;
    struct segment *first;
    struct segment *last;
    struct net_conn *next_unsent;
    struct net_conn *next_closed;
    struct net_timer timer;
    uint32_t backlog_bytes;
    uint8_t state;
    bool is_unsent;  /* stands in the loop's list */
    bool is_blocked; /* the kernel takes nothing more for now */
    bool has_ended;  /* the peer sends nothing more; it may still read */
    bool is_paused;  /* what it sends is not taken for now */
};

static_assert(sizeof(struct net_conn) <= 144, "an idle connection must stay small");

static void update_interest(struct net_conn *conn)
{
    /* An end stays readable for ever: it is looked at once. */
    const bool reads = !conn->has_ended && !conn->is_paused;

    if (net_poller_change(&conn->loop->poller, &conn->watch, reads, conn->is_blocked) < 0)
        net_conn_close(conn);
}

/* --- the queue ------------------------------------------------------------------------------ */

static void drop_first(struct net_conn *conn)
{
    struct segment *segment = conn->first;

    conn->first = segment->next;
    if (conn->first == NULL)
        conn->last = NULL;
    net_chunk_unref(segment->chunk);
    free(segment);
}

static void drop_all(struct net_conn *conn)
{
    while (conn->first != NULL)
        drop_first(conn);
    conn->backlog_bytes = 0;
}

static void append_segment(struct net_conn *conn, struct net_chunk *chunk, uint32_t offset,
                           bool is_own)
{
    struct segment *segment = mem_new(sizeof *segment);

    segment->chunk = chunk;
    segment->offset = offset;
    segment->is_own = is_own;
    if (conn->last != NULL)
        conn->last->next = segment;
    else
        conn->first = segment;
    conn->last = segment;
}

static void mark_unsent(struct net_conn *conn)
{
    if (conn->is_unsent || conn->is_blocked)
        return;
    conn->is_unsent = true;
    conn->next_unsent = conn->loop->unsent;
    conn->loop->unsent = conn;
}

static void consume(struct net_conn *conn, size_t len)
{
    conn->backlog_bytes -= (uint32_t)len;
    while (len > 0) {
        size_t left;

        CHECK(conn->first != NULL);
        left = conn->first->chunk->len - conn->first->offset;
        if (len < left) {
            conn->first->offset += (uint32_t)len;
            return;
        }
        len -= left;
        drop_first(conn);
    }
}

/* --- sending -------------------------------------------------------------------------------- */

/* All but "try again later" ends the connection. */
static void on_write_error(struct net_conn *conn)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        if (!conn->is_blocked) {
            conn->is_blocked = true;
            update_interest(conn);
        }
        return;
    }
    net_conn_close(conn);
}

#ifndef MSG_MORE
#define MSG_MORE 0
#endif

/* One write for all that is queued, as far as it fits; one piece goes by send(), which costs less.
 * The last words wait for the end of our side, which follows at once: both leave as one segment,
 * and the peer is woken once. */
static ssize_t write_queued(const struct net_conn *conn)
{
    const int flags = conn->state == STATE_FINISHING ? MSG_MORE : 0;
    const struct segment *first = conn->first;
    struct iovec pieces[SEGMENTS_A_WRITE_MAX];
    int pieces_count = 0;

    if (first->next == NULL)
        return send(conn->watch.fd, first->chunk->data + first->offset,
                    first->chunk->len - first->offset, flags);
    for (const struct segment *at = first; at != NULL && pieces_count < SEGMENTS_A_WRITE_MAX;
         at = at->next)
        pieces[pieces_count++] = (struct iovec){.iov_base = at->chunk->data + at->offset,
                                                .iov_len = at->chunk->len - at->offset};
    return writev(conn->watch.fd, pieces, pieces_count);
}

static void flush_plain(struct net_conn *conn)
{
    while (conn->first != NULL) {
        const ssize_t sent = write_queued(conn);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            on_write_error(conn);
            return;
        }
        consume(conn, (size_t)sent);
    }
}

static void flush_tls(struct net_conn *conn)
{
    while (conn->first != NULL) {
        char record[NET_TLS_RECORD_LEN_MAX];
        size_t len = 0;
        ssize_t sent;

        /* One record for many small pieces; after "try again" the same bytes come first again. */
        for (struct segment *at = conn->first; at != NULL && len < sizeof record; at = at->next) {
            size_t piece_len = at->chunk->len - at->offset;

            if (piece_len > sizeof record - len)
                piece_len = sizeof record - len;
            memcpy(record + len, at->chunk->data + at->offset, piece_len);
            len += piece_len;
        }
        sent = net_tls_write(conn->tls, record, len);
        if (sent < 0) {
            on_write_error(conn);
            return;
        }
        consume(conn, (size_t)sent);
    }
}

static void end_our_side(struct net_conn *conn)
{
    conn->state = STATE_FINISHED;
    if (conn->tls != NULL)
        net_tls_end(conn->tls);
    if (conn->has_ended || shutdown(conn->watch.fd, SHUT_WR) != 0)
        net_conn_close(conn);
}

static void flush(struct net_conn *conn)
{
    if (conn->state == STATE_CLOSED)
        return;
    if (conn->tls != NULL)
        flush_tls(conn);
    else
        flush_plain(conn);
    if (conn->state == STATE_CLOSED || conn->first != NULL)
        return;
    if (conn->is_blocked) {
        conn->is_blocked = false;
        update_interest(conn);
    }
    if (conn->state == STATE_FINISHING)
        end_our_side(conn);
}

void net_conn_flush(struct net_conn *conn)
{
    if (conn->is_unsent)
        flush(conn);
}

void net_conn_flush_all(struct net_loop *loop)
{
    struct net_conn *conn = loop->unsent;

    loop->unsent = NULL;
    while (conn != NULL) {
        struct net_conn *next = conn->next_unsent;

        conn->is_unsent = false;
        conn->next_unsent = NULL;
        flush(conn);
        conn = next;
    }
}

static bool has_room(const struct net_conn *conn, size_t len)
{
    return conn->backlog_bytes + len <= conn->loop->backlog_bytes_max;
}

/* Makes room where the kernel takes it, so that only what a peer really owes counts. */
static bool make_room(struct net_conn *conn, size_t len)
{
    if (conn->backlog_bytes > UNSENT_BYTES_MAX || !has_room(conn, len))
        if (!conn->is_blocked)
            flush(conn);
    /* What is larger than the limit itself may still go to who owes nothing. */
    return has_room(conn, len) || conn->backlog_bytes == 0;
}

static void queue_copy(struct net_conn *conn, struct bytes data)
{
    struct net_chunk *chunk;

    if (data.len == 0)
        return;
    if (conn->last != NULL && conn->last->is_own &&
        conn->last->chunk->cap - conn->last->chunk->len >= data.len) {
        chunk = conn->last->chunk;
    } else {
        chunk = net_chunk_new(data.len > OWN_CHUNK_LEN_MIN ? data.len : OWN_CHUNK_LEN_MIN);
        append_segment(conn, chunk, 0, true);
    }
    net_chunk_append(chunk, data.data, data.len);
    conn->backlog_bytes += (uint32_t)data.len;
    mark_unsent(conn);
}

bool net_conn_write(struct net_conn *conn, struct bytes data)
{
    return net_conn_write_pair(conn, data, BYTES(""));
}

bool net_conn_write_pair(struct net_conn *conn, struct bytes head, struct bytes body)
{
    if (conn->state != STATE_OPEN)
        return true;
    if (!make_room(conn, head.len + body.len))
        return false;
    if (conn->state == STATE_OPEN) {
        queue_copy(conn, head);
        queue_copy(conn, body);
    }
    return true;
}

void net_conn_write_last(struct net_conn *conn, struct bytes data)
{
    if (conn->state == STATE_OPEN)
        queue_copy(conn, data);
}

static void queue_shared(struct net_conn *conn, struct net_chunk *chunk, size_t offset)
{
    append_segment(conn, net_chunk_ref(chunk), (uint32_t)offset, false);
    conn->backlog_bytes += chunk->len - (uint32_t)offset;
}

bool net_conn_queue(struct net_conn *conn, struct net_chunk *chunk, size_t offset)
{
    if (conn->state != STATE_OPEN)
        return true;
    if (!make_room(conn, chunk->len - offset))
        return false;
    if (conn->state == STATE_OPEN) {
        queue_shared(conn, chunk, offset);
        mark_unsent(conn);
    }
    return true;
}

bool net_conn_send(struct net_conn *conn, struct net_chunk *chunk)
{
    ssize_t sent;

    if (conn->state != STATE_OPEN)
        return true;
    if (conn->first != NULL || conn->is_blocked || conn->tls != NULL)
        return net_conn_queue(conn, chunk, 0);
    do
        sent = send(conn->watch.fd, chunk->data, chunk->len, 0);
    while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)chunk->len)
        return true;
    queue_shared(conn, chunk, sent > 0 ? (size_t)sent : 0);
    if (sent >= 0)
        errno = EAGAIN;
    on_write_error(conn);
    return true;
}

size_t net_conn_backlog_bytes(const struct net_conn *conn)
{
    return conn->backlog_bytes;
}

/* --- receiving ------------------------------------------------------------------------------ */

/* Whoever has ended may still wait for what is queued. */
static void on_end(struct net_conn *conn)
{
    if (conn->state == STATE_CLOSED)
        return;
    conn->has_ended = true;
    if (conn->state == STATE_OPEN)
        conn->events->on_end(conn);
    if (conn->state == STATE_FINISHED)
        net_conn_close(conn);
    else if (conn->state != STATE_CLOSED)
        update_interest(conn);
}

/* The connection broke: nothing more comes, nothing more can go. */
static void on_broken(struct net_conn *conn)
{
    if (conn->state == STATE_OPEN)
        conn->events->on_end(conn);
    net_conn_close(conn);
}

static void on_received(struct net_conn *conn, size_t len)
{
    if (conn->state != STATE_OPEN)
        return; /* we have ended: what still comes is read and forgotten */
    /* Whatever caused this input may have posted before it: that comes first (net/mailbox.h). */
    net_mailbox_drain(&conn->loop->mailbox);
    if (conn->state == STATE_OPEN)
        conn->events->on_data(conn, conn->loop->read_buffer, len);
}

static void read_plain(struct net_conn *conn)
{
    ssize_t len;

    do
        len = recv(conn->watch.fd, conn->loop->read_buffer, NET_LOOP_READ_LEN, 0);
    while (len < 0 && errno == EINTR);
    if (len > 0)
        on_received(conn, (size_t)len);
    else if (len == 0)
        on_end(conn);
    else if (errno != EAGAIN && errno != EWOULDBLOCK)
        on_broken(conn);
}

static void read_tls(struct net_conn *conn)
{
    for (int i = 0; i < TLS_READS_MAX || net_tls_has_decrypted(conn->tls); i++) {
        ssize_t len = net_tls_read(conn->tls, conn->loop->read_buffer, NET_LOOP_READ_LEN);

        if (len > 0)
            on_received(conn, (size_t)len);
        else if (len == 0)
            on_end(conn);
        else if (errno != EAGAIN)
            on_broken(conn);
        if (len <= 0 || conn->state == STATE_CLOSED)
            return;
    }
}

static void on_ready(struct net_poller_watch *watch, bool is_readable, bool is_writable)
{
    struct net_conn *conn = LIST_OWNER(watch, struct net_conn, watch);

    /* Nobody asked whether more came: it broke, and nobody may be about to write and find out. */
    if (is_readable && conn->has_ended) {
        net_conn_close(conn);
        return;
    }
    if (is_readable) {
        if (conn->tls != NULL)
            read_tls(conn);
        else
            read_plain(conn);
    }
    /* TLS may have waited for the peer's bytes to go on writing. */
    if (is_writable || (conn->tls != NULL && conn->is_blocked))
        flush(conn);
}

/* --- life ----------------------------------------------------------------------------------- */

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

    conn->loop = loop;
    conn->tls = session;
    conn->events = events;
    conn->user = user;
    conn->watch.on_ready = on_ready;
    net_timer_init(&conn->timer);
    if (net_poller_add(&loop->poller, &conn->watch, fd, true, false) < 0) {
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

struct net_loop *net_conn_loop(const struct net_conn *conn)
{
    return conn->loop;
}

void net_conn_set_reading(struct net_conn *conn, bool reads)
{
    if (conn->state != STATE_OPEN || conn->is_paused == !reads)
        return;
    conn->is_paused = !reads;
    update_interest(conn);
}

void net_conn_set_timer(struct net_conn *conn, uint64_t due_ms)
{
    if (conn->state == STATE_OPEN)
        net_timer_set(&conn->loop->wheel, &conn->timer, due_ms);
}

void net_conn_on_timer(struct net_timer *timer, uint64_t now_ms)
{
    struct net_conn *conn = LIST_OWNER(&timer->link, struct net_conn, timer.link);

    if (conn->state == STATE_OPEN)
        conn->events->on_timer(conn, now_ms);
    else
        net_conn_close(conn);
}

void net_conn_finish(struct net_conn *conn)
{
    if (conn->state != STATE_OPEN)
        return;
    net_conn_set_reading(conn, true); /* to hear of the end of its side */
    if (conn->state != STATE_OPEN)
        return;
    conn->state = STATE_FINISHING;
    net_timer_set(&conn->loop->wheel, &conn->timer, net_loop_now_ms(conn->loop) + FINISH_MS);
    mark_unsent(conn);
}

void net_conn_finish_at_once(struct net_conn *conn)
{
    net_conn_finish(conn);
    if (conn->tls != NULL || conn->state != STATE_FINISHING)
        return;
    conn->has_ended = true;
    if (conn->is_blocked)
        update_interest(conn);
}

void net_conn_free_closed(struct net_loop *loop)
{
    /* Only those closed before: one that is closed by what follows here may have been written to as
     * well, and must outlive the next flush. */
    struct net_conn *conn = loop->closed;

    loop->closed = NULL;
    while (conn != NULL) {
        struct net_conn *next = conn->next_closed;

        conn->events->on_closed(conn);
        loop->connections_count--;
        free(conn);
        conn = next;
    }
}

void net_conn_close(struct net_conn *conn)
{
    const int fd = conn->watch.fd;

    if (conn->state == STATE_CLOSED)
        return;
    conn->state = STATE_CLOSED;
    net_timer_stop(&conn->timer);
    drop_all(conn);
    net_poller_remove(&conn->loop->poller, &conn->watch);
    net_tls_session_free(conn->tls);
    conn->tls = NULL;
    close(fd);
    net_descriptors_give_connection(conn->loop->descriptors);
    conn->next_closed = conn->loop->closed;
    conn->loop->closed = conn;
}

bool net_conn_is_closing(const struct net_conn *conn)
{
    return conn->state != STATE_OPEN;
}
