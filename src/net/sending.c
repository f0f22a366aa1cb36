#include "net/sending.h"

#include "net/backlog.h"
#include "net/batch.h"
#include "net/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define SEGMENTS_A_WRITE_MAX 64
/* One with TLS takes as long as some without. */
#define TLS_SEND_WORK 4
/* If more than this is queued in one turn, it is sent before the turn ends, to bound memory. */
#define UNSENT_BYTES_MAX 262144
/* So many connections are sent to before a guest of the loop may have a turn. */
#define FLUSHED_BEFORE_GUEST 32

void net_sending_at_turn_end(struct net_stream *stream)
{
    if (stream->is_blocked)
        net_output_hold_last(&stream->output, stream->backlog->holder);
    if (stream->is_unsent || stream->is_blocked || stream->is_batched)
        return;
    stream->is_unsent = true;
    stream->next_unsent = stream->loop->unsent;
    stream->loop->unsent = stream;
    stream->loop->unsent_work += stream->tls != NULL ? TLS_SEND_WORK : 1;
}

static void note_progress(struct net_stream *stream)
{
    net_backlog_progress(stream->backlog, &stream->loop->backlogs, net_loop_now_ms(stream->loop),
                         net_socket_unacknowledged(stream->watch.fd));
}

/* The kernel takes nothing more for now. */
static void block(struct net_stream *stream)
{
    stream->is_blocked = true;
    stream->backlog = net_backlog_new(stream, stream->loop->connections->holder(stream),
                                      stream->output.bytes, stream->loop->backlog_bytes_max);
    note_progress(stream);
    net_output_hold(&stream->output, stream->backlog->holder);
    net_stream_update_interest(stream);
}

/* Any error other than "try again later" ends the connection. */
static void on_write_error(struct net_stream *stream)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        if (!stream->is_blocked)
            block(stream);
        return;
    }
    net_stream_close(stream);
}

#ifndef MSG_MORE
#define MSG_MORE 0
#endif

/* One write for as much of the queue as fits; a single piece uses send(), which costs less. The
 * final bytes wait (MSG_MORE) for the end of our side, which follows at once: both leave as one
 * segment, and the peer is woken once. */
static ssize_t write_queued(const struct net_stream *stream)
{
    const int flags = stream->state == NET_STREAM_FINISHING ? MSG_MORE : 0;
    struct iovec pieces[SEGMENTS_A_WRITE_MAX];
    const int count = net_output_pieces(&stream->output, pieces, SEGMENTS_A_WRITE_MAX);

    if (count == 1)
        return send(stream->watch.fd, pieces[0].iov_base, pieces[0].iov_len, flags);
    return writev(stream->watch.fd, pieces, count);
}

static void flush_plain(struct net_stream *stream)
{
    while (stream->output.first != NULL) {
        const ssize_t sent = write_queued(stream);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            on_write_error(stream);
            return;
        }
        net_output_consume(&stream->output, (size_t)sent);
    }
}

static void flush_tls(struct net_stream *stream)
{
    while (stream->output.first != NULL) {
        char record[NET_TLS_RECORD_LEN_MAX];
        /* One record for many small pieces; after "try again" the same bytes come first again. */
        const size_t len = net_output_peek(&stream->output, record, sizeof record);
        const ssize_t sent = net_tls_write(stream->tls, record, len);

        if (sent < 0) {
            on_write_error(stream);
            return;
        }
        net_output_consume(&stream->output, (size_t)sent);
    }
}

static void end_our_side(struct net_stream *stream)
{
    stream->state = NET_STREAM_FINISHED;
    if (stream->tls != NULL)
        net_tls_end(stream->tls);
    if (stream->has_ended || shutdown(stream->watch.fd, SHUT_WR) != 0)
        net_stream_close(stream);
}

void net_sending_flush(struct net_stream *stream)
{
    const size_t bytes_before = stream->output.bytes;

    stream->is_batched = false;
    if (stream->state == NET_STREAM_CLOSED)
        return;
    if (stream->tls != NULL)
        flush_tls(stream);
    else
        flush_plain(stream);
    if (stream->state == NET_STREAM_CLOSED)
        return;
    if (stream->output.first != NULL) {
        if (stream->is_blocked && stream->output.bytes < bytes_before)
            note_progress(stream);
        return;
    }
    if (stream->is_blocked) {
        net_stream_unblock(stream);
        net_stream_update_interest(stream);
    }
    if (stream->state == NET_STREAM_FINISHING)
        end_our_side(stream);
}

/* What the call in a batch returned. The rest, if the kernel did not take all, goes the way of any
 * output. */
static void on_batch_sent(struct net_stream *stream, int result)
{
    if (result >= 0 || result == -EINTR) {
        net_output_consume(&stream->output, result > 0 ? (size_t)result : 0);
        net_sending_flush(stream);
        return;
    }
    errno = -result;
    on_write_error(stream);
}

/* Takes the connections out of the batch that still have output in it; returns their number. */
static size_t take_batch(struct net_batch *batch, struct net_stream **streams)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->sends_count; i++) {
        struct net_stream *stream = batch->sends[i];

        if (!stream->is_batched)
            continue; /* was flushed by itself, or closed */
        stream->is_batched = false;
        streams[count++] = stream;
    }
    batch->sends_count = 0;
    return count;
}

void net_sending_flush_batch(struct net_loop *loop)
{
    struct net_stream *streams[NET_RING_CALLS_MAX];
    struct net_batch *batch = loop->batch;
    const size_t count = batch != NULL ? take_batch(batch, streams) : 0;
    const int *results;

    if (count == 0 || count < batch->sends_min || net_ring_is_broken(batch->ring)) {
        for (size_t i = 0; i < count; i++)
            net_sending_flush(streams[i]);
        return;
    }
    for (size_t i = 0; i < count; i++)
        net_batch_prepare_send(batch, streams[i]->watch.fd, &streams[i]->output,
                               streams[i]->state == NET_STREAM_FINISHING);
    results = net_ring_submit(batch->ring);
    for (size_t i = 0; i < count; i++)
        on_batch_sent(streams[i], results[i]);
}

/* Sends what is queued, in this turn, together with others if the loop has a batch. */
static void flush_soon(struct net_stream *stream)
{
    struct net_batch *batch = stream->loop->batch;

    if (stream->is_batched)
        return;
    if (batch == NULL || stream->tls != NULL || stream->is_blocked ||
        stream->output.first == NULL || stream->output.bytes > NET_BATCH_SEND_LEN_MAX) {
        net_sending_flush(stream);
        return;
    }
    stream->is_batched = true;
    batch->sends[batch->sends_count++] = stream;
    if (batch->sends_count == NET_RING_CALLS_MAX)
        net_sending_flush_batch(stream->loop);
}

void net_sending_flush_early(struct net_stream *stream)
{
    const struct net_batch *batch = stream->loop->batch;

    if (!stream->is_unsent)
        return;
    if (batch != NULL && (batch->sends_count > 0 || net_loop_has_more(stream->loop)))
        flush_soon(stream);
    else
        net_sending_flush(stream);
}

void net_sending_flush_all(struct net_loop *loop)
{
    struct net_stream *stream = loop->unsent;

    loop->unsent = NULL;
    loop->unsent_work = 0;
    for (size_t n = 1; stream != NULL; n++) {
        struct net_stream *next = stream->next_unsent;

        stream->is_unsent = false;
        stream->next_unsent = NULL;
        flush_soon(stream);
        stream = next;
        if (n % FLUSHED_BEFORE_GUEST == 0)
            net_loop_turn_guest_between(loop);
    }
    net_sending_flush_batch(loop);
}

/* First sends what the kernel takes, so that only what the peer is really behind with counts. */
bool net_sending_make_room(struct net_stream *stream, size_t len)
{
    const size_t max = stream->loop->backlog_bytes_max;

    if (!stream->is_blocked &&
        (stream->output.bytes > UNSENT_BYTES_MAX || stream->output.bytes + len > max))
        net_sending_flush(stream);
    return stream->state == NET_STREAM_CLOSED ||
           net_backlog_admits(stream->is_blocked ? stream->backlog : NULL, stream->output.bytes,
                              len, max);
}

void net_sending_copy(struct net_stream *stream, struct bytes data)
{
    if (data.len == 0)
        return;
    net_output_copy(&stream->output, data);
    net_sending_at_turn_end(stream);
}

void net_sending_share(struct net_stream *stream, struct net_chunk *chunk, size_t offset)
{
    net_output_share(&stream->output, chunk, offset);
    net_sending_at_turn_end(stream);
}

void net_sending_start(struct net_stream *stream, struct net_chunk *chunk)
{
    ssize_t sent;

    if (stream->loop->batch != NULL && chunk->len <= NET_BATCH_SEND_LEN_MAX) {
        net_output_share(&stream->output, chunk, 0);
        flush_soon(stream);
        return;
    }
    do
        sent = send(stream->watch.fd, chunk->data, chunk->len, 0);
    while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)chunk->len)
        return;
    net_output_share(&stream->output, chunk, sent > 0 ? (size_t)sent : 0);
    if (sent >= 0)
        errno = EAGAIN;
    on_write_error(stream);
}

/* The queue may be unchanged although the peer reads: the kernel may have delivered earlier bytes.
 */
static bool is_progressing(struct net_stream *stream, uint64_t now_ms)
{
    const size_t kernel_bytes = net_socket_unacknowledged(stream->watch.fd);

    if (kernel_bytes >= stream->backlog->kernel_bytes)
        return false;
    net_backlog_progress(stream->backlog, &stream->loop->backlogs, now_ms, kernel_bytes);
    return true;
}

bool net_sending_is_stalled(const struct net_stream *stream, uint64_t now_ms, bool *is_due)
{
    return net_backlog_is_stalled(stream->backlog, stream->output.bytes,
                                  stream->loop->backlog_bytes_max, now_ms, is_due);
}

size_t net_sending_find_stalled(struct net_loop *loop, uint64_t now_ms, struct net_stream **stalled,
                                size_t count_max)
{
    size_t count = 0;

    LIST_EACH(link, following, &loop->backlogs) {
        struct net_stream *stream = LIST_OWNER(link, struct net_backlog, link)->conn;
        bool is_due;
        const bool is_stalled = net_sending_is_stalled(stream, now_ms, &is_due);

        if (!is_due || count == count_max)
            return count;
        if (is_stalled && !is_progressing(stream, now_ms))
            stalled[count++] = stream;
    }
    return count;
}
