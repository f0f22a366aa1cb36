#include "net/receiving.h"

#include "net/batch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Reads from one TLS connection before others have their turn. */
#define TLS_READS_MAX 16

/* A peer that has ended its side may still read what is queued. */
static void on_end(struct net_stream *stream)
{
    if (stream->state == NET_STREAM_CLOSED)
        return;
    stream->has_ended = true;
    if (stream->state == NET_STREAM_OPEN)
        stream->loop->connections->on_end(stream);
    if (stream->state == NET_STREAM_FINISHED)
        net_stream_close(stream);
    else if (stream->state != NET_STREAM_CLOSED)
        net_stream_update_interest(stream);
}

/* The connection broke: nothing more can be received or sent. */
static void on_broken(struct net_stream *stream)
{
    if (stream->state == NET_STREAM_OPEN)
        stream->loop->connections->on_end(stream);
    net_stream_close(stream);
}

static void on_received(struct net_stream *stream, char *data, size_t len)
{
    if (stream->state == NET_STREAM_OPEN) /* else our side has ended: input is discarded */
        stream->loop->connections->on_input(stream, data, len);
}

/* What a receive has returned: the number of bytes in `data`, or a negated errno. */
static void on_read(struct net_stream *stream, char *data, ssize_t result)
{
    if (result > 0)
        on_received(stream, data, (size_t)result);
    else if (result == 0)
        on_end(stream);
    else if (result != -EAGAIN && result != -EWOULDBLOCK && result != -EINTR)
        on_broken(stream);
}

static void read_plain(struct net_stream *stream)
{
    ssize_t len;

    do
        len = recv(stream->watch.fd, stream->loop->read_buffer, NET_LOOP_READ_LEN, 0);
    while (len < 0 && errno == EINTR);
    on_read(stream, stream->loop->read_buffer, len < 0 ? -errno : len);
}

/* Takes the connections out of the batch that are to be read; returns their number. */
static size_t take_reads(struct net_batch *batch, struct net_stream **streams)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->reads_count; i++)
        if (batch->reads[i]->state != NET_STREAM_CLOSED)
            streams[count++] = batch->reads[i];
    batch->reads_count = 0;
    return count;
}

void net_receiving_read_batch(struct net_loop *loop)
{
    struct net_stream *streams[NET_BATCH_READS_MAX];
    int results[NET_BATCH_READS_MAX];
    struct net_batch *batch = loop->batch;
    const size_t count = take_reads(batch, streams);
    const bool has_more = loop->poller.has_more;

    if (count == 1 || net_ring_is_broken(batch->ring)) {
        for (size_t i = 0; i < count; i++)
            read_plain(streams[i]);
        return;
    }
    for (size_t i = 0; i < count; i++)
        net_batch_prepare_read(batch, streams[i]->watch.fd, i);
    /* Input that is handled sends, and so uses the ring again. */
    memcpy(results, net_ring_submit(batch->ring), count * sizeof results[0]);
    for (size_t i = 0; i < count; i++) {
        loop->poller.has_more = has_more || i + 1 < count;
        if (streams[i]->state != NET_STREAM_CLOSED)
            on_read(streams[i], net_batch_read_buffer(batch, i), results[i]);
    }
}

/* Reads it now, or with others that are readable in this turn too. */
static void read_soon(struct net_stream *stream)
{
    struct net_batch *batch = stream->loop->batch;

    if (batch == NULL || !net_loop_has_more(stream->loop)) {
        read_plain(stream);
        return;
    }
    batch->reads[batch->reads_count++] = stream;
    if (batch->reads_count == NET_BATCH_READS_MAX)
        net_receiving_read_batch(stream->loop);
}

static void read_tls(struct net_stream *stream)
{
    for (int i = 0; i < TLS_READS_MAX || net_tls_has_decrypted(stream->tls); i++) {
        ssize_t len = net_tls_read(stream->tls, stream->loop->read_buffer, NET_LOOP_READ_LEN);

        on_read(stream, stream->loop->read_buffer, len < 0 ? -errno : len);
        if (len <= 0 || stream->state == NET_STREAM_CLOSED || stream->is_held)
            return;
    }
}

static void resume(struct net_stream *stream)
{
    stream->is_held = false;
    net_stream_update_interest(stream);
    on_received(stream, stream->loop->read_buffer, 0);
    if (stream->tls != NULL && stream->state == NET_STREAM_OPEN && !stream->is_held)
        read_tls(stream); /* it may hold decrypted bytes for which the socket is not readable */
}

static void resume_all(struct net_held *held)
{
    struct net_held these = *held;

    *held = (struct net_held){0};
    /* Each one once; a connection that is closed meanwhile stays valid until the turn ends. */
    for (size_t i = 0; i < these.count; i++)
        if (these.streams[i]->is_held)
            resume(these.streams[i]);
    net_held_deinit(&these);
}

void net_receiving_resume_held(struct net_loop *loop)
{
    if (loop->yielding.count > 0)
        resume_all(&loop->yielding);
    for (size_t i = 0; i < NET_LOOP_WAITS_MAX; i++) {
        struct net_loop_wait *wait = &loop->waits[i];

        if (!wait->is_due)
            continue;
        resume_all(&wait->held);
        wait->is_due = wait->held.count > 0; /* if all waits were taken meanwhile */
    }
}

void net_receiving_read(struct net_stream *stream)
{
    /* Reading is off after the peer's end, so this is an error that no write may notice. */
    if (stream->has_ended)
        net_stream_close(stream);
    else if (stream->tls != NULL)
        read_tls(stream);
    else
        read_soon(stream);
}
