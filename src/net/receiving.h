/* Reads streams: each by itself, or, where the loop has a batch (net/batch.h), together with others
 * that are readable in the same turn. What comes goes to the loop's `connections`.
 *
 * Thread: owner.
 */
#pragma once

#include "net/stream.h"

/* The socket is readable. */
void net_receiving_read(struct net_stream *stream);

/* Reads those that wait in the batch. */
void net_receiving_read_batch(struct net_loop *loop);

/* Continues with those that were held back, if it is their turn. */
void net_receiving_resume_held(struct net_loop *loop);
