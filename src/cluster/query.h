/* What the API wants to know of all nodes together: asked of Redis, answered by mail.
 *
 * Each ask is answered exactly once, on the thread that asked, after the call returned: within
 * CLUSTER_QUERY_TIMEOUT_MS. Where Redis cannot be asked the answer says `is_known` false, and the
 * caller says what its own node knows.
 *
 * Thread: any that has a mailbox. Memory: what is handed over is copied; an answer is borrowed for
 * the call.
 */
#pragma once

#include "base/bytes.h"
#include "net/mailbox.h"

#define CLUSTER_QUERY_TIMEOUT_MS 1000

struct cluster;

struct cluster_query_channel {
    struct bytes name;
    uint32_t subscription_count; /* of all nodes; 0: it is not occupied */
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
    void (*on_answer)(const struct cluster_query_answer *answer, void *user);
    void *user;
};

/* All occupied channels of the app whose name begins with `prefix`; `has_users`: their user_count
 * is wanted too. */
void cluster_query_list(struct cluster *cluster, const struct cluster_query_caller *caller,
                        struct bytes app_id, struct bytes prefix, bool has_users, bool has_cached);

/* These channels. */
void cluster_query_channels(struct cluster *cluster, const struct cluster_query_caller *caller,
                            struct bytes app_id, const struct bytes *names, size_t names_count);

/* Who is in that presence channel: `channels[0]` and `users` of the answer. */
void cluster_query_users(struct cluster *cluster, const struct cluster_query_caller *caller,
                         struct bytes app_id, struct bytes channel);

/* Whether Redis has taken all that was told to the cluster up to now: the answer knows, or the link
 * is down and it will get it later. */
void cluster_query_acked(struct cluster *cluster, const struct cluster_query_caller *caller);

/* How many clients of the app are connected. */
void cluster_query_connections(struct cluster *cluster, const struct cluster_query_caller *caller,
                               struct bytes app_id);
