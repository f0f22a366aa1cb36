/* The output queue of one connection: segments of chunks, in sending order. Small pieces for this
 * connection alone are copied together; a chunk that many connections are sent is in each queue by
 * reference.
 *
 * Thread: owner. Memory: none while it is empty.
 */
#pragma once

#include "net/chunk.h"

#include <stdbool.h>
#include <sys/uio.h>

struct net_output_segment;

struct net_output {
    struct net_output_segment *first; /* NULL: nothing is queued */
    struct net_output_segment *last;
    size_t bytes;
};

void net_output_copy(struct net_output *output, struct bytes data);

/* Queues a reference to `chunk` without its first `offset` bytes. */
void net_output_share(struct net_output *output, struct net_chunk *chunk, size_t offset);

/* Marks its chunks, or the last one, as held by a slow reader (net_chunk_hold()). */
void net_output_hold(const struct net_output *output, struct net_chunk_holder holder);
void net_output_hold_last(const struct net_output *output, struct net_chunk_holder holder);

/* Removes the first `len` bytes, which were sent. */
void net_output_consume(struct net_output *output, size_t len);
void net_output_drop(struct net_output *output);

/* Fills `pieces` from the front of the queue, `count_max` at most; returns their number. */
int net_output_pieces(const struct net_output *output, struct iovec *pieces, int count_max);

/* Copies up to `len_max` bytes from the front of the queue; returns their number. */
size_t net_output_peek(const struct net_output *output, char *out, size_t len_max);
