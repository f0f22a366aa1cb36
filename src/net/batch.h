/* The connections of a loop whose next send or receive is made together with those of others
 * (net/ring.h). net/sending.c and net/receiving.c fill and empty it.
 *
 * Thread: owner.
 */
#pragma once

#include "net/ring.h"

struct net_stream;
struct net_output;

/* Fewer are sent to one by one, which then costs less. */
#define NET_BATCH_SENDS_MIN 6
/* More than this is sent by itself: the copying takes longer than a system call. */
#define NET_BATCH_SEND_LEN_MAX 16384
#define NET_BATCH_READS_MAX 16

struct net_batch {
    struct net_ring *ring;
    struct net_stream *sends[NET_RING_CALLS_MAX];
    struct net_stream *reads[NET_BATCH_READS_MAX];
    size_t sends_count;
    size_t reads_count;
    size_t sends_min; /* NET_BATCH_SENDS_MIN; a test may want fewer */
    size_t read_len;  /* of each buffer */
    char *read_buffers;
    struct iovec *pieces; /* of the sends that are being prepared, side by side */
    size_t pieces_count;
};

/* NULL if the system refuses. `read_len` is what a connection reads at once. */
struct net_batch *net_batch_new(size_t read_len);
void net_batch_free(struct net_batch *batch); /* NULL is fine */

/* Prepares the sending of the front of `output`, which is not empty. */
void net_batch_prepare_send(struct net_batch *batch, int fd, const struct net_output *output,
                            bool has_more);

/* Prepares a receive into the buffer of that index. */
void net_batch_prepare_read(struct net_batch *batch, int fd, size_t index);
char *net_batch_read_buffer(const struct net_batch *batch, size_t index);
