/* A cluster operation: a change, an event or a question of this node, on its way from a worker to
 * the link that sends it to Redis.
 *
 * Thread: the worker's until it is posted, then the cluster's. Memory: texts are copied; of the
 * frame, the operation holds a reference.
 */
#pragma once

#include "cluster/key.h"
#include "cluster/waiter.h"
#include "net/chunk.h"
#include "net/mailbox.h"

struct net_loop;

enum cluster_op_kind {
    CLUSTER_OP_SUBSCRIPTIONS,
    CLUSTER_OP_JOIN,
    CLUSTER_OP_LEAVE,
    CLUSTER_OP_AWAIT,
    CLUSTER_OP_PUBLISH,
    CLUSTER_OP_TERMINATE,
    CLUSTER_OP_FORGET_CACHED,
    CLUSTER_OP_CONNECTIONS,
    CLUSTER_OP_ADMIT,
    CLUSTER_OP_LOOKUP_ONLINE,
};

struct cluster_op {
    struct net_mail mail;  /* for the cluster's own use */
    void *link;            /* likewise */
    struct net_loop *from; /* likewise: of the thread that posts it; NULL: it has none */
    enum cluster_op_kind kind;
    struct net_chunk *frame;      /* of an event */
    uint64_t ttl_ms;              /* of cached events */
    struct cluster_waiter waiter; /* of an event: the excluded socket */
    int number;                   /* change of subscriptions or connections; or the limit */
    unsigned flags;
    atomic_size_t *pending; /* an event: see cluster_publish() */
    bool is_unlisted;       /* a member that leaves: this node's list does not have it any more */
    uint32_t key_len;
    uint32_t first_len;
    uint32_t second_len;
    char texts[];
};

/* `key`: a channel's key as text, or the app's id. */
struct cluster_op *cluster_op_new(enum cluster_op_kind kind, struct bytes key, struct bytes first,
                                  struct bytes second);
void cluster_op_free(struct cluster_op *op);

struct bytes cluster_op_key(const struct cluster_op *op);
struct bytes cluster_op_first(const struct cluster_op *op);  /* the user's id */
struct bytes cluster_op_second(const struct cluster_op *op); /* the user's info */
