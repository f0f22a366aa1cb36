/* What is queued for one connection: stretches of chunks, in the order in which they leave. Small
 * pieces for this connection alone are copied together; a chunk that many are sent stands in all
 * their queues by reference.
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

/* A reference to `chunk`, of which the first `offset` bytes are left out. */
void net_output_share(struct net_output *output, struct net_chunk *chunk, size_t offset);

/* Its chunks, or the last of them, are kept by a slow reader (net/chunk.h). */
void net_output_hold(const struct net_output *output);
void net_output_hold_last(const struct net_output *output);

/* The first `len` bytes have left. */
void net_output_consume(struct net_output *output, size_t len);
void net_output_drop(struct net_output *output);

/* What is first, in up to `count_max` pieces; how many they are. */
int net_output_pieces(const struct net_output *output, struct iovec *pieces, int count_max);

/* The same copied together, up to `len_max` bytes; how many they are. */
size_t net_output_peek(const struct net_output *output, char *out, size_t len_max);
