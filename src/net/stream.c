#include "net/stream.h"

#include "net/backlog.h"

#include <unistd.h>

void net_stream_update_interest(struct net_stream *stream)
{
    /* A socket stays readable after the peer's end, which is handled only once. */
    const bool reads = !stream->has_ended && !stream->is_paused && !stream->is_held;

    if (net_poller_change(&stream->loop->poller, &stream->watch, reads, stream->is_blocked) < 0)
        net_stream_close(stream);
}

void net_stream_hold(struct net_stream *stream, struct net_held *held)
{
    if (stream->is_held || stream->state != NET_STREAM_OPEN)
        return;
    stream->is_held = true;
    net_held_add(held, stream);
    net_stream_update_interest(stream);
}

void net_stream_let_go(struct net_stream *stream)
{
    if (!stream->is_held)
        return;
    stream->is_held = false;
    net_held_remove(&stream->loop->yielding, stream);
    for (size_t i = 0; i < NET_LOOP_WAITS_MAX; i++)
        net_held_remove(&stream->loop->waits[i].held, stream);
}

void net_stream_unblock(struct net_stream *stream)
{
    if (!stream->is_blocked)
        return;
    stream->is_blocked = false;
    net_backlog_free(stream->backlog);
    stream->backlog = NULL;
}

void net_stream_close(struct net_stream *stream)
{
    const int fd = stream->watch.fd;

    if (stream->state == NET_STREAM_CLOSED)
        return;
    stream->state = NET_STREAM_CLOSED;
    stream->is_batched = false;
    net_stream_let_go(stream);
    net_timer_stop(&stream->timer);
    net_stream_unblock(stream);
    net_output_drop(&stream->output);
    net_poller_remove(&stream->loop->poller, &stream->watch);
    net_tls_session_free(stream->tls);
    stream->tls = NULL;
    close(fd);
    net_descriptors_give_connection(stream->loop->descriptors);
    stream->next_closed = stream->loop->closed;
    stream->loop->closed = stream;
}
