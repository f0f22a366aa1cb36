#include "cluster/op.h"

#include "base/mem.h"

#include <string.h>

static char *append(char *at, struct bytes text)
{
    if (text.len > 0)
        memcpy(at, text.data, text.len);
    return at + text.len;
}

struct cluster_op *cluster_op_new(enum cluster_op_kind kind, struct bytes key, struct bytes first,
                                  struct bytes second)
{
    struct cluster_op *op = mem_new(sizeof *op + key.len + first.len + second.len);

    op->kind = kind;
    op->key_len = (uint32_t)key.len;
    op->first_len = (uint32_t)first.len;
    op->second_len = (uint32_t)second.len;
    append(append(append(op->texts, key), first), second);
    return op;
}

void cluster_op_free(struct cluster_op *op)
{
    net_chunk_unref(op->frame);
    free(op);
}

struct bytes cluster_op_key(const struct cluster_op *op)
{
    return (struct bytes){op->texts, op->key_len};
}

struct bytes cluster_op_first(const struct cluster_op *op)
{
    return (struct bytes){op->texts + op->key_len, op->first_len};
}

struct bytes cluster_op_second(const struct cluster_op *op)
{
    return (struct bytes){op->texts + op->key_len + op->first_len, op->second_len};
}
