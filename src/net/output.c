#include "net/output.h"

#include "base/check.h"
#include "base/mem.h"

#include <string.h>

#define OWN_CHUNK_LEN_MIN 512
/* Long output is cut: what was sent is freed while the rest waits, and no chunk is too long. */
#define OWN_CHUNK_LEN_MAX ((size_t)4 * 1024 * 1024)

struct net_output_segment {
    struct net_output_segment *next;
    struct net_chunk *chunk;
    uint32_t offset;
    bool is_own; /* no other connection shares the chunk: it may grow */
};

static void append(struct net_output *output, struct net_chunk *chunk, uint32_t offset, bool is_own)
{
    struct net_output_segment *segment = mem_new(sizeof *segment);

    segment->chunk = chunk;
    segment->offset = offset;
    segment->is_own = is_own;
    if (output->last != NULL)
        output->last->next = segment;
    else
        output->first = segment;
    output->last = segment;
}

static void drop_first(struct net_output *output)
{
    struct net_output_segment *segment = output->first;

    output->first = segment->next;
    if (output->first == NULL)
        output->last = NULL;
    net_chunk_unref(segment->chunk);
    free(segment);
}

static void copy_piece(struct net_output *output, struct bytes data)
{
    struct net_output_segment *last = output->last;

    if (last == NULL || !last->is_own || last->chunk->cap - last->chunk->len < data.len) {
        append(output, net_chunk_new(data.len > OWN_CHUNK_LEN_MIN ? data.len : OWN_CHUNK_LEN_MIN),
               0, true);
        last = output->last;
    }
    net_chunk_append(last->chunk, data.data, data.len);
    output->bytes += data.len;
}

void net_output_copy(struct net_output *output, struct bytes data)
{
    while (data.len > 0) {
        const size_t len = data.len < OWN_CHUNK_LEN_MAX ? data.len : OWN_CHUNK_LEN_MAX;

        copy_piece(output, (struct bytes){data.data, len});
        data = bytes_from(data, len);
    }
}

void net_output_share(struct net_output *output, struct net_chunk *chunk, size_t offset)
{
    append(output, net_chunk_ref(chunk), (uint32_t)offset, false);
    output->bytes += chunk->len - offset;
}

void net_output_hold(const struct net_output *output, struct net_chunk_holder holder)
{
    for (const struct net_output_segment *at = output->first; at != NULL; at = at->next)
        net_chunk_hold(at->chunk, holder);
}

void net_output_hold_last(const struct net_output *output, struct net_chunk_holder holder)
{
    if (output->last != NULL)
        net_chunk_hold(output->last->chunk, holder);
}

void net_output_consume(struct net_output *output, size_t len)
{
    output->bytes -= len;
    while (len > 0) {
        size_t left;

        CHECK(output->first != NULL);
        left = output->first->chunk->len - output->first->offset;
        if (len < left) {
            output->first->offset += (uint32_t)len;
            return;
        }
        len -= left;
        drop_first(output);
    }
}

void net_output_drop(struct net_output *output)
{
    while (output->first != NULL)
        drop_first(output);
    output->bytes = 0;
}

int net_output_pieces(const struct net_output *output, struct iovec *pieces, int count_max)
{
    int count = 0;

    for (const struct net_output_segment *at = output->first; at != NULL && count < count_max;
         at = at->next)
        pieces[count++] = (struct iovec){.iov_base = at->chunk->data + at->offset,
                                         .iov_len = at->chunk->len - at->offset};
    return count;
}

size_t net_output_peek(const struct net_output *output, char *out, size_t len_max)
{
    size_t len = 0;

    for (const struct net_output_segment *at = output->first; at != NULL && len < len_max;
         at = at->next) {
        size_t piece_len = at->chunk->len - at->offset;

        if (piece_len > len_max - len)
            piece_len = len_max - len;
        memcpy(out + len, at->chunk->data + at->offset, piece_len);
        len += piece_len;
    }
    return len;
}
