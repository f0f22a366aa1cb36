/* Many nodes as one, over Redis.
 *
 * A thread of its own holds the links to Redis. Workers tell it what happens here; it tells, by
 * `cluster_events`, what all nodes agreed on. Where a link is down (cluster_is_up() is false) a
 * channel is this node's own business, as without a cluster: the caller then decides by itself and
 * still tells, so that the others learn of it when the link is back.
 *
 * Each link has one order: what a node is told stands in its inbox in the order in which Redis
 * applied it, and that is the same for all nodes. What happens here takes the way through Redis
 * too, so that this node has no other order than the rest.
 *
 * Thread: any, unless said otherwise; nothing blocks. Memory: everything handed over is copied, or
 * counted where it is a chunk.
 */
#pragma once

#include "cluster/events.h"
#include "cluster/reason.h"
#include "config/config.h"
#include "net/chunk.h"
#include "net/descriptors.h"

struct cluster;
struct cluster_pending_query;

/* Main opens, starts, ends and frees it. NULL where `settings` cannot be used; `error` then holds a
 * line. */
struct cluster *cluster_open(const struct config_scaling *settings,
                             const struct cluster_events *events, void *user,
                             struct net_descriptors *descriptors, struct buffer *error);
void cluster_start(struct cluster *cluster);

/* Sends what is still to be sent, leaves the cluster, and ends the thread; bounded in
 * time. The workers have ended. False if the thread has stalled: nothing of it may be freed then.
 */
bool cluster_end(struct cluster *cluster);
void cluster_free(struct cluster *cluster); /* NULL is fine */

/* Whether all links stand. NULL is fine: false. */
bool cluster_is_connected(const struct cluster *cluster);

/* Main, once a second: notices that the cluster's thread has not turned for some seconds. No link
 * is up then, until it runs again. */
void cluster_check_stall(struct cluster *cluster);
bool cluster_is_stalled(const struct cluster *cluster); /* NULL is fine: false */

/* Whether that channel's link stands and is in step. NULL is fine: false. */
bool cluster_is_up(const struct cluster *cluster, struct cluster_key key);

/* Whether more waits for the cluster's thread than it can do: nothing more should be published. */
bool cluster_is_congested(struct cluster *cluster);

/* --- what happens here: in the order of the calls that have one ---------------------------- */

/* So many subscriptions more, or less. Of one channel: under a lock, so that the order is right. */
void cluster_subscriptions(struct cluster *cluster, struct cluster_key key, int change,
                           unsigned flags);

/* A member's first connection on this node, and its last has gone. */
void cluster_join(struct cluster *cluster, struct cluster_key key, struct cluster_member member);
void cluster_leave(struct cluster *cluster, struct cluster_key key, struct bytes user_id);

/* Has `on_ready` called. Not answered where the link goes down: `on_down` is called then. */
void cluster_await(struct cluster *cluster, struct cluster_key key, struct cluster_waiter waiter,
                   unsigned flags);

/* To all other nodes that have subscribers; to this one too (`on_event`) unless `is_delivered`. */
void cluster_publish(struct cluster *cluster, struct cluster_key key, uint64_t except,
                     struct net_chunk *frame, uint64_t ttl_ms, bool is_delivered);

void cluster_terminate(struct cluster *cluster, struct bytes app_id, struct bytes user_id);

/* So many connections of the app more, or less. */
void cluster_connections(struct cluster *cluster, struct bytes app_id, int change);

/* Whether one more may connect where all nodes together may have `max`: `on_admitted`, and then it
 * is counted. */
void cluster_admit(struct cluster *cluster, struct bytes app_id, uint32_t max, uint64_t socket_id);

/* Whether the user is signed in anywhere: `on_online_answer`. */
void cluster_lookup_online(struct cluster *cluster, struct cluster_key user_key,
                           struct cluster_waiter waiter);

/* --- for status and metrics ----------------------------------------------------------------- */

struct cluster_status {
    bool is_connected;
    bool is_stalled;      /* its thread; Redis may be well */
    size_t nodes_count;   /* in step, this one included; 0: not known */
    uint64_t events_sent; /* taken by Redis */
    uint64_t events_received;
    uint64_t events_kept;    /* waiting for Redis now */
    uint64_t events_dropped; /* did not fit into what may be kept */
    uint64_t links_lost;
    uint64_t gaps;                       /* times that this node may have missed events of others */
    char reason[CLUSTER_REASON_LEN_MAX]; /* why Redis is away; "" if it is not */
    char warning[CLUSTER_REASON_LEN_MAX]; /* what is wrong with Redis as it is; "": nothing */
};

void cluster_read_status(struct cluster *cluster, struct cluster_status *status);

/* For cluster/queries.c alone: hands a query to the cluster's thread. Takes `*query`. */
void cluster_take_query(struct cluster *cluster, struct cluster_pending_query **query);
