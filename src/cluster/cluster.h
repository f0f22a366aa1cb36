/* Many nodes as one, over Redis.
 *
 * A thread holds the links to Redis: one of its own, or that of the worker if there is only one, or
 * if one alone uses it (net/lending.h).
 * Workers report what happens on this node; the cluster's thread reports, by `cluster_events`, what
 * all nodes agreed on. If a link is down (cluster_is_up() is false), the caller handles its
 * channels alone, as without a cluster, and still reports, so that the other nodes learn of it when
 * the link is back.
 *
 * Each link has one order: every inbox has its entries in the order in which Redis applied them,
 * which is the same for all nodes. What happens on this node goes through Redis too, so that this
 * node sees the same order as the others.
 *
 * Thread: any, unless said otherwise; nothing blocks. Memory: everything handed over is copied, or
 * counted if it is a chunk.
 */
#pragma once

#include "cluster/changes.h"
#include "cluster/events.h"
#include "cluster/reason.h"
#include "config/config.h"
#include "metrics/metrics.h"
#include "net/chunk.h"
#include "net/descriptors.h"

struct cluster;
struct cluster_pending_query;
struct net_loop;

/* Main opens, starts, ends and frees it. NULL if `settings` cannot be used; `error` then holds one
 * line. */
struct cluster *cluster_open(const struct config_scaling *settings,
                             const struct cluster_events *events, void *user,
                             struct net_descriptors *descriptors, struct buffer *error);

/* Before the workers start. `host`: the loop of the only worker, on whose thread the cluster runs
 * from now on, without the two hand-overs that each operation costs otherwise. NULL: on a thread of
 * its own. */
void cluster_start(struct cluster *cluster, struct net_loop *host);

/* Whether it has no thread of its own. NULL is fine: false. */
bool cluster_is_guest(const struct cluster *cluster);

/* Each worker, on its thread, when its loop has ended: a cluster that runs on it runs on until
 * cluster_end(). From now on no worker is lent the loop of the cluster's thread. */
void cluster_run_on(struct cluster *cluster);

/* Sends what is queued, leaves the cluster, and ends the thread; bounded in time. The loops of the
 * workers must have ended. False if the thread has stalled: nothing of the cluster may be freed
 * then. */
bool cluster_end(struct cluster *cluster);
void cluster_free(struct cluster *cluster); /* NULL is fine */

/* Whether all links are up. NULL is fine: false. */
bool cluster_is_connected(const struct cluster *cluster);

/* Main, once a second: detects that the cluster's thread has not run for some seconds. No link is
 * up then until it runs again. A worker's thread is watched as that of the worker. */
void cluster_check_stall(struct cluster *cluster);
bool cluster_is_stalled(const struct cluster *cluster); /* NULL is fine: false */

/* Whether that channel's link is up: connected and in step. NULL is fine: false. */
bool cluster_is_up(const struct cluster *cluster, struct cluster_key key);

/* Whether the mailbox of the cluster's thread is full: nothing more should be published. */
bool cluster_is_congested(struct cluster *cluster);

/* --- what happens on this node: applied in the order of the calls --------------------------- */

/* The number of subscriptions changes by `change`. Calls for one channel are made under a lock, so
 * that their order is right. */
void cluster_subscriptions(struct cluster *cluster, struct cluster_key key, int change,
                           unsigned flags);

/* A member's first connection on this node has come; its last one has gone. */
void cluster_join(struct cluster *cluster, struct cluster_key key, struct cluster_member member);
/* `is_unlisted`: this node's list does not have it any more, as the link was down. If other nodes
 * have the member `on_member_added` follows. */
void cluster_leave(struct cluster *cluster, struct cluster_key key, struct bytes user_id,
                   bool is_unlisted);

/* Answered by `on_ready`; if the link goes down first, by `on_down` alone. */
void cluster_await(struct cluster *cluster, struct cluster_key key, struct cluster_waiter waiter,
                   unsigned flags);

/* Sends to all other nodes that have subscribers, and to this one (`on_event`), in their order or
 * at once if the link is down. `pending` counts the caller's events that the cluster's thread has
 * not taken yet, and that the caller must not overtake. NULL: this node's subscribers have the
 * event already. */
void cluster_publish(struct cluster *cluster, struct cluster_key key, uint64_t except,
                     struct net_chunk *frame, uint64_t ttl_ms, atomic_size_t *pending);

void cluster_terminate(struct cluster *cluster, struct bytes app_id, struct bytes user_id);

/* The app was removed: who takes its id later must see none of its cached events, which live for
 * `ttl_ms` at most. */
void cluster_forget_cached(struct cluster *cluster, struct bytes app_id, uint64_t ttl_ms);

/* The app's number of connections on this node changes by `change`. */
void cluster_connections(struct cluster *cluster, struct bytes app_id, int change);

/* Asks whether one more may connect, of `max` on all nodes together. Answered by `on_admitted`; an
 * admitted connection is counted. */
void cluster_admit(struct cluster *cluster, struct bytes app_id, uint32_t max, uint64_t socket_id);

/* Asks whether the user is signed in on any node. Answered by `on_online_answer`. */
void cluster_lookup_online(struct cluster *cluster, struct cluster_key user_key,
                           struct cluster_waiter waiter);

/* --- changes for webhooks: cluster/changes.h -------------------------------------------------- */

/* Main, before the cluster starts. The events come on the cluster's thread. */
void cluster_take_changes(struct cluster *cluster, const struct cluster_changes_events *events,
                          void *user);

/* Which changes are wanted: for each app its id and letters, each after its length. */
void cluster_want_changes(struct cluster *cluster, struct bytes wanted);

/* The change has been sent, or will not be: it need not be kept any more. */
void cluster_change_done(struct cluster *cluster, size_t link, struct bytes id);

/* --- for status and metrics ----------------------------------------------------------------- */

struct cluster_status {
    bool is_connected;
    bool is_stalled;      /* its thread has stalled; Redis may be well */
    size_t nodes_count;   /* nodes in step, this one included; 0: not known */
    uint64_t events_sent; /* acknowledged by Redis */
    uint64_t events_received;
    uint64_t events_kept;    /* waiting for Redis now */
    uint64_t kept_bytes;     /* the memory that these take */
    uint64_t events_dropped; /* did not fit into the outbox */
    uint64_t links_lost;
    uint64_t gaps;                       /* times this node may have missed events of other nodes */
    char reason[CLUSTER_REASON_LEN_MAX]; /* why Redis is away; "" if it is not */
    char warning[CLUSTER_REASON_LEN_MAX]; /* what is wrong with its settings; "": nothing */
};

void cluster_read_status(struct cluster *cluster, struct cluster_status *status);

/* Appends the nodes that Redis' last answer to a heartbeat listed, a JSON array
 * (cluster/peers.h); empty before the first. */
void cluster_write_nodes(struct cluster *cluster, struct buffer *out);

/* How long Redis takes for a batch of operations, in METRICS_DURATION_UNIT_NS. */
const struct metrics_histogram *cluster_round_trips_ns(const struct cluster *cluster);

/* For cluster/queries.c alone: hands a query to the cluster's thread. Takes `*query`. */
void cluster_take_query(struct cluster *cluster, struct cluster_pending_query **query);
