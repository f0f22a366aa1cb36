/* Sends what is queued for streams: each by itself, or, where the loop has a batch (net/batch.h),
 * together with others. Any error but "try again later" closes the stream.
 *
 * Thread: owner.
 */
#pragma once

#include "net/stream.h"

/* Queue output, which leaves when the turn ends. */
void net_sending_copy(struct net_stream *stream, struct bytes data);
void net_sending_share(struct net_stream *stream, struct net_chunk *chunk, size_t offset);

/* The stream is flushed when the turn ends. */
void net_sending_at_turn_end(struct net_stream *stream);

/* Sends `chunk` at once, or with the batch: for a plain stream for which nothing is queued. */
void net_sending_start(struct net_stream *stream, struct net_chunk *chunk);

/* Whether `len` bytes may be queued (net/backlog.h); true also if the stream is closed. */
bool net_sending_make_room(struct net_stream *stream, size_t len);

/* Sends what the kernel takes, and ends our side if that was wanted after it. */
void net_sending_flush(struct net_stream *stream);

/* The same before the turn ends, in a batch if there are others. */
void net_sending_flush_early(struct net_stream *stream);

/* Sends what the streams of the loop have queued in this turn; what its batch holds. */
void net_sending_flush_all(struct net_loop *loop);
void net_sending_flush_batch(struct net_loop *loop);

/* Whether it is a slow reader that must be ended, as net_backlog_is_stalled() says; it is blocked.
 */
bool net_sending_is_stalled(const struct net_stream *stream, uint64_t now_ms, bool *is_due);

/* Finds up to `count_max` slow readers that must be ended; returns their number. */
size_t net_sending_find_stalled(struct net_loop *loop, uint64_t now_ms, struct net_stream **stalled,
                                size_t count_max);
