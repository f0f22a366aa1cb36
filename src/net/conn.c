#include "net/conn.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/backlog.h"
#include "net/batch.h"
#include "net/output.h"
#include "net/socket.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SEGMENTS_A_WRITE_MAX 64
/* If more than this is queued in one turn, it is sent before the turn ends, to bound memory. */
#define UNSENT_BYTES_MAX 262144
/* The time for a peer to read the last bytes and end its side. */
#define FINISH_MS 5000
/* Reads from one TLS connection before others have their turn. */
#define TLS_READS_MAX 16
/* Slow readers that are ended in one tick. */
#define STALLED_A_TICK_MAX 256

enum state { STATE_OPEN, STATE_FINISHING, STATE_FINISHED, STATE_CLOSED };

struct net_conn {
    struct net_poller_watch watch;
    const struct net_conn_events *events;
    void *user;
    struct net_loop *loop;
    struct net_tls_session *tls;
    struct net_output output;
    struct net_conn *next_unsent;
    union {
        struct net_backlog *backlog;  /* while it is blocked */
        struct net_conn *next_closed; /* once it is closed */
    };
    struct net_timer timer;
    uint8_t state;
    bool is_unsent;  /* in the loop's list of unsent ones */
    bool is_batched; /* its output leaves with the loop's batch */
    bool is_blocked; /* the kernel takes nothing more for now */
    bool has_ended;  /* the peer sends nothing more; it may still read */
    bool is_paused;  /* not read: see net_conn_set_reading() */
    bool is_held;    /* not read until it is resumed */
};

static_assert(sizeof(struct net_conn) <= 144, "an idle connection must stay small");

static void update_interest(struct net_conn *conn)
{
    /* A socket stays readable after the peer's end, which is handled only once. */
    const bool reads = !conn->has_ended && !conn->is_paused && !conn->is_held;

    if (net_poller_change(&conn->loop->poller, &conn->watch, reads, conn->is_blocked) < 0)
        net_conn_close(conn);
}

/* Called after output was queued. */
static void mark_unsent(struct net_conn *conn)
{
    if (conn->is_blocked)
        net_output_hold_last(&conn->output);
    if (conn->is_unsent || conn->is_blocked || conn->is_batched)
        return;
    conn->is_unsent = true;
    conn->next_unsent = conn->loop->unsent;
    conn->loop->unsent = conn;
}

/* --- sending -------------------------------------------------------------------------------- */

static void note_progress(struct net_conn *conn)
{
    net_backlog_progress(conn->backlog, &conn->loop->backlogs, net_loop_now_ms(conn->loop),
                         net_socket_unacknowledged(conn->watch.fd));
}

/* The kernel takes nothing more for now. */
static void block(struct net_conn *conn)
{
    conn->is_blocked = true;
    conn->backlog = net_backlog_new(conn, conn->output.bytes, conn->loop->backlog_bytes_max);
    note_progress(conn);
    net_output_hold(&conn->output);
    update_interest(conn);
}

/* The kernel has taken all output. */
static void unblock(struct net_conn *conn)
{
    if (!conn->is_blocked)
        return;
    conn->is_blocked = false;
    net_backlog_free(conn->backlog);
    conn->backlog = NULL;
}

/* Any error other than "try again later" ends the connection. */
static void on_write_error(struct net_conn *conn)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        if (!conn->is_blocked)
            block(conn);
        return;
    }
    net_conn_close(conn);
}

#ifndef MSG_MORE
#define MSG_MORE 0
#endif

/* One write for as much of the queue as fits; a single piece uses send(), which costs less. The
 * final bytes wait (MSG_MORE) for the end of our side, which follows at once: both leave as one
 * segment, and the peer is woken once. */
static ssize_t write_queued(const struct net_conn *conn)
{
    const int flags = conn->state == STATE_FINISHING ? MSG_MORE : 0;
    struct iovec pieces[SEGMENTS_A_WRITE_MAX];
    const int count = net_output_pieces(&conn->output, pieces, SEGMENTS_A_WRITE_MAX);

    if (count == 1)
        return send(conn->watch.fd, pieces[0].iov_base, pieces[0].iov_len, flags);
    return writev(conn->watch.fd, pieces, count);
}

static void flush_plain(struct net_conn *conn)
{
    while (conn->output.first != NULL) {
        const ssize_t sent = write_queued(conn);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            on_write_error(conn);
            return;
        }
        net_output_consume(&conn->output, (size_t)sent);
    }
}

static void flush_tls(struct net_conn *conn)
{
    while (conn->output.first != NULL) {
        char record[NET_TLS_RECORD_LEN_MAX];
        /* One record for many small pieces; after "try again" the same bytes come first again. */
        const size_t len = net_output_peek(&conn->output, record, sizeof record);
        const ssize_t sent = net_tls_write(conn->tls, record, len);

        if (sent < 0) {
            on_write_error(conn);
            return;
        }
        net_output_consume(&conn->output, (size_t)sent);
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
    const size_t bytes_before = conn->output.bytes;

    conn->is_batched = false;
    if (conn->state == STATE_CLOSED)
        return;
    if (conn->tls != NULL)
        flush_tls(conn);
    else
        flush_plain(conn);
    if (conn->state == STATE_CLOSED)
        return;
    if (conn->output.first != NULL) {
        if (conn->is_blocked && conn->output.bytes < bytes_before)
            note_progress(conn);
        return;
    }
    if (conn->is_blocked) {
        unblock(conn);
        update_interest(conn);
    }
    if (conn->state == STATE_FINISHING)
        end_our_side(conn);
}

/* What the call in a batch returned. The rest, if the kernel did not take all, goes the way of any
 * output. */
static void on_batch_sent(struct net_conn *conn, int result)
{
    if (result >= 0 || result == -EINTR) {
        net_output_consume(&conn->output, result > 0 ? (size_t)result : 0);
        flush(conn);
        return;
    }
    errno = -result;
    on_write_error(conn);
}

/* Takes the connections out of the batch that still have output in it; returns their number. */
static size_t take_batch(struct net_batch *batch, struct net_conn **conns)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->sends_count; i++) {
        struct net_conn *conn = batch->sends[i];

        if (!conn->is_batched)
            continue; /* was flushed by itself, or closed */
        conn->is_batched = false;
        conns[count++] = conn;
    }
    batch->sends_count = 0;
    return count;
}

static void send_batch(struct net_loop *loop)
{
    struct net_conn *conns[NET_RING_CALLS_MAX];
    struct net_batch *batch = loop->batch;
    const size_t count = batch != NULL ? take_batch(batch, conns) : 0;
    const int *results;

    if (count == 0 || count < batch->sends_min || net_ring_is_broken(batch->ring)) {
        for (size_t i = 0; i < count; i++)
            flush(conns[i]);
        return;
    }
    for (size_t i = 0; i < count; i++)
        net_batch_prepare_send(batch, conns[i]->watch.fd, &conns[i]->output,
                               conns[i]->state == STATE_FINISHING);
    results = net_ring_submit(batch->ring);
    for (size_t i = 0; i < count; i++)
        on_batch_sent(conns[i], results[i]);
}

/* Sends what is queued, in this turn, together with others if the loop has a batch. */
static void flush_soon(struct net_conn *conn)
{
    struct net_batch *batch = conn->loop->batch;

    if (conn->is_batched)
        return;
    if (batch == NULL || conn->tls != NULL || conn->is_blocked || conn->output.first == NULL ||
        conn->output.bytes > NET_BATCH_SEND_LEN_MAX) {
        flush(conn);
        return;
    }
    conn->is_batched = true;
    batch->sends[batch->sends_count++] = conn;
    if (batch->sends_count == NET_RING_CALLS_MAX)
        send_batch(conn->loop);
}

void net_conn_flush(struct net_conn *conn)
{
    const struct net_batch *batch = conn->loop->batch;

    if (!conn->is_unsent)
        return;
    if (batch != NULL && (batch->sends_count > 0 || net_loop_has_more(conn->loop)))
        flush_soon(conn);
    else
        flush(conn);
}

static void flush_all(struct net_loop *loop)
{
    struct net_conn *conn = loop->unsent;

    loop->unsent = NULL;
    while (conn != NULL) {
        struct net_conn *next = conn->next_unsent;

        conn->is_unsent = false;
        conn->next_unsent = NULL;
        flush_soon(conn);
        conn = next;
    }
    send_batch(loop);
}

/* Sends what the kernel takes, so that only what the peer is really behind with counts. */
static bool make_room(struct net_conn *conn, size_t len)
{
    const size_t max = conn->loop->backlog_bytes_max;

    if (!conn->is_blocked &&
        (conn->output.bytes > UNSENT_BYTES_MAX || conn->output.bytes + len > max))
        flush(conn);
    return conn->state == STATE_CLOSED ||
           net_backlog_admits(conn->is_blocked ? conn->backlog : NULL, conn->output.bytes, len,
                              max);
}

static void queue_copy(struct net_conn *conn, struct bytes data)
{
    if (data.len == 0)
        return;
    net_output_copy(&conn->output, data);
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

bool net_conn_write_pieces(struct net_conn *conn, struct bytes head,
                           struct net_chunk *const *pieces, size_t count, struct bytes tail)
{
    size_t len = head.len + tail.len;

    for (size_t i = 0; i < count; i++)
        len += pieces[i]->len;
    if (conn->state != STATE_OPEN)
        return true;
    if (!make_room(conn, len))
        return false;
    if (conn->state != STATE_OPEN)
        return true;
    queue_copy(conn, head);
    for (size_t i = 0; i < count; i++) {
        net_output_share(&conn->output, pieces[i], 0);
        mark_unsent(conn);
    }
    queue_copy(conn, tail);
    return true;
}

void net_conn_write_last(struct net_conn *conn, struct bytes data)
{
    if (conn->state == STATE_OPEN)
        queue_copy(conn, data);
}

bool net_conn_queue(struct net_conn *conn, struct net_chunk *chunk, size_t offset)
{
    if (conn->state != STATE_OPEN)
        return true;
    if (!make_room(conn, chunk->len - offset))
        return false;
    if (conn->state == STATE_OPEN) {
        net_output_share(&conn->output, chunk, offset);
        mark_unsent(conn);
    }
    return true;
}

bool net_conn_send(struct net_conn *conn, struct net_chunk *chunk)
{
    ssize_t sent;

    if (conn->state != STATE_OPEN)
        return true;
    if (conn->output.first != NULL || conn->is_blocked || conn->tls != NULL)
        return net_conn_queue(conn, chunk, 0);
    if (conn->loop->batch != NULL && chunk->len <= NET_BATCH_SEND_LEN_MAX) {
        net_output_share(&conn->output, chunk, 0);
        flush_soon(conn);
        return true;
    }
    do
        sent = send(conn->watch.fd, chunk->data, chunk->len, 0);
    while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)chunk->len)
        return true;
    net_output_share(&conn->output, chunk, sent > 0 ? (size_t)sent : 0);
    if (sent >= 0)
        errno = EAGAIN;
    on_write_error(conn);
    return true;
}

size_t net_conn_backlog_bytes(const struct net_conn *conn)
{
    return conn->output.bytes;
}

uint64_t net_conn_progress_ms(const struct net_conn *conn)
{
    return conn->state != STATE_CLOSED && conn->is_blocked ? conn->backlog->progress_ms : 0;
}

/* The queue may be unchanged although the peer reads: the kernel may have delivered earlier bytes.
 */
static bool is_progressing(struct net_conn *conn, uint64_t now_ms)
{
    const size_t kernel_bytes = net_socket_unacknowledged(conn->watch.fd);

    if (kernel_bytes >= conn->backlog->kernel_bytes)
        return false;
    net_backlog_progress(conn->backlog, &conn->loop->backlogs, now_ms, kernel_bytes);
    return true;
}

/* Finds up to `count_max` connections that must end; returns their number. */
static size_t find_stalled(struct net_loop *loop, uint64_t now_ms, struct net_conn **stalled,
                           size_t count_max)
{
    size_t count = 0;

    LIST_EACH(link, following, &loop->backlogs) {
        struct net_conn *conn = LIST_OWNER(link, struct net_backlog, link)->conn;
        bool is_due;
        const bool is_stalled = net_backlog_is_stalled(conn->backlog, conn->output.bytes,
                                                       loop->backlog_bytes_max, now_ms, &is_due);

        if (!is_due || count == count_max)
            return count;
        if (is_stalled && !is_progressing(conn, now_ms))
            stalled[count++] = conn;
    }
    return count;
}

void net_conn_end_stalled(struct net_loop *loop, uint64_t now_ms)
{
    struct net_conn *stalled[STALLED_A_TICK_MAX];
    const bool is_hurried = net_backlog_is_hurried(loop->backlog_bytes_max);
    const size_t count = find_stalled(loop, now_ms, stalled, STALLED_A_TICK_MAX);

    for (size_t i = 0; i < count; i++) {
        struct net_conn *conn = stalled[i];

        if (is_hurried && !net_backlog_is_hurried(loop->backlog_bytes_max))
            return; /* enough memory was freed */
        if (conn->state == STATE_OPEN && conn->events->on_stalled != NULL)
            conn->events->on_stalled(conn);
        else if (conn->state == STATE_OPEN)
            net_conn_close(conn);
        if (is_hurried)
            net_conn_close(conn);
    }
}

/* --- receiving ------------------------------------------------------------------------------ */

/* A peer that has ended its side may still read what is queued. */
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

/* The connection broke: nothing more can be received or sent. */
static void on_broken(struct net_conn *conn)
{
    if (conn->state == STATE_OPEN)
        conn->events->on_end(conn);
    net_conn_close(conn);
}

static void hold(struct net_conn *conn, struct net_held *held)
{
    if (conn->is_held || conn->state != STATE_OPEN || !conn->events->is_yielding)
        return;
    conn->is_held = true;
    net_held_add(held, conn);
    update_interest(conn);
}

static void let_go(struct net_conn *conn)
{
    if (!conn->is_held)
        return;
    conn->is_held = false;
    net_held_remove(&conn->loop->yielding, conn);
    net_held_remove(&conn->loop->waiting, conn);
}

bool net_conn_must_yield(const struct net_conn *conn)
{
    return net_watermark_has_filled() || uv_hrtime() >= conn->loop->yield_ns;
}

void net_conn_yield(struct net_conn *conn)
{
    if (net_watermark_has_filled())
        return; /* net_conn_end_handling() holds it back for that queue */
    hold(conn, &conn->loop->yielding);
    net_loop_come_back(conn->loop);
}

bool net_conn_is_held(const struct net_conn *conn)
{
    return conn->is_held;
}

void net_conn_begin_handling(struct net_conn *conn)
{
    net_watermark_take_filled();
    conn->loop->yield_ns = uv_hrtime() + conn->loop->share_ns;
}

void net_conn_end_handling(struct net_conn *conn)
{
    struct net_watermark *filled = net_watermark_take_filled();

    if (filled == NULL || conn->state != STATE_OPEN || !conn->events->is_yielding)
        return;
    hold(conn, &conn->loop->waiting);
    net_loop_wait_for(conn->loop, filled);
}

static void on_received(struct net_conn *conn, char *data, size_t len)
{
    if (conn->state != STATE_OPEN)
        return; /* our side has ended: further input is discarded */
    /* Mails that were posted before this input was sent are handled before it (net/mailbox.h). */
    net_mailbox_drain(&conn->loop->mailbox);
    if (conn->state != STATE_OPEN)
        return;
    net_conn_begin_handling(conn);
    conn->events->on_data(conn, data, len);
    net_conn_end_handling(conn);
}

/* What a receive has returned: the number of bytes in `data`, or a negated errno. */
static void on_read(struct net_conn *conn, char *data, ssize_t result)
{
    if (result > 0)
        on_received(conn, data, (size_t)result);
    else if (result == 0)
        on_end(conn);
    else if (result != -EAGAIN && result != -EWOULDBLOCK && result != -EINTR)
        on_broken(conn);
}

static void read_plain(struct net_conn *conn)
{
    ssize_t len;

    do
        len = recv(conn->watch.fd, conn->loop->read_buffer, NET_LOOP_READ_LEN, 0);
    while (len < 0 && errno == EINTR);
    on_read(conn, conn->loop->read_buffer, len < 0 ? -errno : len);
}

/* Takes the connections out of the batch that are to be read; returns their number. */
static size_t take_reads(struct net_batch *batch, struct net_conn **conns)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->reads_count; i++)
        if (batch->reads[i]->state != STATE_CLOSED)
            conns[count++] = batch->reads[i];
    batch->reads_count = 0;
    return count;
}

static void read_batch(struct net_loop *loop)
{
    struct net_conn *conns[NET_BATCH_READS_MAX];
    int results[NET_BATCH_READS_MAX];
    struct net_batch *batch = loop->batch;
    const size_t count = take_reads(batch, conns);
    const bool has_more = loop->poller.has_more;

    if (count == 1 || net_ring_is_broken(batch->ring)) {
        for (size_t i = 0; i < count; i++)
            read_plain(conns[i]);
        return;
    }
    for (size_t i = 0; i < count; i++)
        net_batch_prepare_read(batch, conns[i]->watch.fd, i);
    /* Input that is handled sends, and so uses the ring again. */
    memcpy(results, net_ring_submit(batch->ring), count * sizeof results[0]);
    for (size_t i = 0; i < count; i++) {
        loop->poller.has_more = has_more || i + 1 < count;
        if (conns[i]->state != STATE_CLOSED)
            on_read(conns[i], net_batch_read_buffer(batch, i), results[i]);
    }
}

/* Reads it now, or with others that are readable in this turn too. */
static void read_soon(struct net_conn *conn)
{
    struct net_batch *batch = conn->loop->batch;

    if (batch == NULL || !net_loop_has_more(conn->loop)) {
        read_plain(conn);
        return;
    }
    batch->reads[batch->reads_count++] = conn;
    if (batch->reads_count == NET_BATCH_READS_MAX)
        read_batch(conn->loop);
}

static void read_tls(struct net_conn *conn)
{
    for (int i = 0; i < TLS_READS_MAX || net_tls_has_decrypted(conn->tls); i++) {
        ssize_t len = net_tls_read(conn->tls, conn->loop->read_buffer, NET_LOOP_READ_LEN);

        on_read(conn, conn->loop->read_buffer, len < 0 ? -errno : len);
        if (len <= 0 || conn->state == STATE_CLOSED || conn->is_held)
            return;
    }
}

static void resume(struct net_conn *conn)
{
    conn->is_held = false;
    update_interest(conn);
    on_received(conn, conn->loop->read_buffer, 0);
    if (conn->tls != NULL && conn->state == STATE_OPEN && !conn->is_held)
        read_tls(conn); /* it may hold decrypted bytes for which the socket is not readable */
}

static void resume_all(struct net_held *held)
{
    struct net_held these = *held;

    *held = (struct net_held){0};
    /* Each one once; a connection that is closed meanwhile stays valid until the turn ends. */
    for (size_t i = 0; i < these.count; i++)
        if (these.conns[i]->is_held)
            resume(these.conns[i]);
    net_held_deinit(&these);
}

static void resume_held(struct net_loop *loop)
{
    if (loop->yielding.count > 0)
        resume_all(&loop->yielding);
    if (!loop->wake.is_due)
        return;
    loop->wake.is_due = false;
    resume_all(&loop->waiting);
}

static void on_ready(struct net_poller_watch *watch, bool is_readable, bool is_writable)
{
    struct net_conn *conn = LIST_OWNER(watch, struct net_conn, watch);

    /* Reading is off after the peer's end, so this reports an error that no write may notice. */
    if (is_readable && conn->has_ended) {
        net_conn_close(conn);
        return;
    }
    if (is_readable) {
        if (conn->tls != NULL)
            read_tls(conn);
        else
            read_soon(conn);
    }
    /* TLS may have needed input from the peer to continue writing. */
    if (is_writable || (conn->tls != NULL && conn->is_blocked))
        flush(conn);
}

/* --- life ----------------------------------------------------------------------------------- */

static void free_closed(struct net_loop *loop)
{
    /* Only those closed before: one that a callback here closes may also have unsent output, and
     * must outlive the next flush. */
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

static const struct net_loop_connections loop_connections = {
    .read_batch = read_batch,
    .send_batch = send_batch,
    .resume_held = resume_held,
    .flush_all = flush_all,
    .free_closed = free_closed,
    .end_stalled = net_conn_end_stalled,
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

void net_conn_peer(const struct net_conn *conn, char out[NET_CONN_PEER_LEN_MAX])
{
    net_socket_peer(conn->watch.fd, out, NET_CONN_PEER_LEN_MAX);
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
    let_go(conn); /* its input is no longer handled */
    conn->is_paused = false;
    update_interest(conn); /* to notice the end of its side */
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

void net_conn_close(struct net_conn *conn)
{
    const int fd = conn->watch.fd;

    if (conn->is_batched)
        flush(conn); /* without a batch it would have been sent before */
    if (conn->state == STATE_CLOSED)
        return;
    conn->state = STATE_CLOSED;
    let_go(conn);
    net_timer_stop(&conn->timer);
    unblock(conn);
    net_output_drop(&conn->output);
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
