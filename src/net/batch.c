#include "net/batch.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/output.h"

/* What a connection has queued in more pieces leaves in more than one call. */
#define PIECES_A_SEND_MAX 32
#define PIECES_MAX (NET_RING_CALLS_MAX * PIECES_A_SEND_MAX)

struct net_batch *net_batch_new(size_t read_len)
{
    struct net_ring *ring = net_ring_new();
    struct net_batch *batch;

    if (ring == NULL)
        return NULL;
    batch = mem_new(sizeof *batch);
    batch->ring = ring;
    batch->read_len = read_len;
    batch->sends_min = NET_BATCH_SENDS_MIN;
    batch->read_buffers = mem_new(NET_BATCH_READS_MAX * read_len);
    batch->pieces = mem_new(PIECES_MAX * sizeof *batch->pieces);
    return batch;
}

void net_batch_free(struct net_batch *batch)
{
    if (batch == NULL)
        return;
    net_ring_free(batch->ring);
    free(batch->read_buffers);
    free(batch->pieces);
    free(batch);
}

void net_batch_prepare_send(struct net_batch *batch, int fd, const struct net_output *output,
                            bool has_more)
{
    struct iovec *pieces;
    int count;

    if (net_ring_count(batch->ring) == 0)
        batch->pieces_count = 0;
    CHECK(batch->pieces_count + PIECES_A_SEND_MAX <= PIECES_MAX);
    pieces = &batch->pieces[batch->pieces_count];
    count = net_output_pieces(output, pieces, PIECES_A_SEND_MAX);
    batch->pieces_count += (size_t)count;
    if (count == 1)
        net_ring_send(batch->ring, fd, pieces, has_more);
    else
        net_ring_send_pieces(batch->ring, fd, pieces, count, has_more);
}

void net_batch_prepare_read(struct net_batch *batch, int fd, size_t index)
{
    net_ring_receive(batch->ring, fd, net_batch_read_buffer(batch, index), batch->read_len);
}

char *net_batch_read_buffer(const struct net_batch *batch, size_t index)
{
    return batch->read_buffers + index * batch->read_len;
}
