/* The callbacks of the cluster (cluster/cluster.h).
 *
 * Thread: the cluster's, for every callback.
 */
#pragma once

#include "cluster/key.h"
#include "cluster/member.h"
#include "cluster/waiter.h"

/* What the nodes agreed on. Called on the cluster's thread; everything is borrowed for the call. */
struct cluster_events {
    /* `frame`: a finished WebSocket frame. `ttl_ms`: how long to cache it; 0: not at all. */
    void (*on_event)(struct cluster_key key, uint64_t except, struct bytes frame, uint64_t ttl_ms,
                     void *user);
    /* The members of a presence channel: all of them, unless `is_partial`. */
    void (*on_members)(struct cluster_key key, const struct cluster_member *members, size_t count,
                       bool is_partial, void *user);
    /* `is_ours`: it happened on this node. */
    void (*on_member_added)(struct cluster_key key, struct cluster_member member, bool is_ours,
                            void *user);
    void (*on_member_removed)(struct cluster_key key, struct bytes user_id, bool is_ours,
                              void *user);
    /* The last event of a cache channel, an empty frame if there is none. */
    void (*on_cached)(struct cluster_key key, struct bytes frame, uint64_t ttl_ms, void *user);
    void (*on_count)(struct cluster_key key, uint64_t count, void *user);
    /* Everything up to cluster_await() has been applied. */
    void (*on_ready)(struct cluster_key key, struct cluster_waiter waiter, void *user);
    void (*on_admitted)(struct bytes app_id, uint64_t socket_id, bool is_admitted, void *user);
    void (*on_online)(struct cluster_key watch_key, bool is_online, void *user);
    /* `waiter`: CLUSTER_WAITER_NONE after the link was down: what all watchers should know. */
    void (*on_online_answer)(struct cluster_key user_key, struct cluster_waiter waiter,
                             bool is_online, void *user);
    void (*on_terminate)(struct bytes app_id, struct bytes user_id, void *user);
    /* Whether the workers' mailboxes are so full that nothing more should be read. */
    bool (*is_congested)(void *user);
    /* A link is down: pending requests get no answer. cluster_is_up() is already false. Called by
     * main if the cluster's thread has stalled. */
    void (*on_down)(void *user);
    /* A link is up; cluster_is_up() is already true. */
    void (*on_up)(void *user);
};
