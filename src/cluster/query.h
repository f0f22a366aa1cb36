/* The caller of a cluster query, and its answer: cluster/queries.h.
 *
 * Each query is answered exactly once, on the calling thread, after the call has returned. If no
 * reply comes for CLUSTER_QUERY_TIMEOUT_MS, or Redis cannot be asked, `is_known` of the answer is
 * false, and the caller answers from its own node's state.
 *
 * Thread: any that has a mailbox. Memory: what is handed over is copied; an answer is borrowed for
 * the call.
 */
#pragma once

#include "base/bytes.h"
#include "net/mailbox.h"

#define CLUSTER_QUERY_TIMEOUT_MS 1000

struct cluster_query_channel {
    struct bytes name;
    uint32_t subscription_count; /* on all nodes; 0: it is not occupied */
    uint32_t user_count;         /* of a presence channel; each user once */
    struct bytes cached;         /* a cache channel's last event, as a frame; absent: none */
    uint64_t cached_ttl_ms;
};

struct cluster_query_answer {
    bool is_known;
    const struct cluster_query_channel
        *channels; /* in the order asked, or as they came for a list */
    size_t channels_count;
    const struct bytes *users; /* ids */
    size_t users_count;
    uint64_t connections_count;
};

struct cluster_query_caller {
    struct net_mailbox *mailbox; /* of the calling thread */
    /* Of a list and of users: what one reply of Redis has. The answer has the rest; if it is not
     * known the pages were in vain. NULL: the answer has all. */
    void (*on_page)(const struct cluster_query_answer *page, void *user);
    void (*on_answer)(const struct cluster_query_answer *answer, void *user);
    void *user;
};
