/* The link of this node to the Redis server that has one partition of the channels: all of them
 * with a single Redis, a share of them with Redis Cluster.
 *
 * It gathers the operations of a loop turn and sends them as one call of scripts/apply. What
 * other nodes did it reads from its inbox, a stream, on a second connection. A link that is lost
 * reconnects: the node joins as a new incarnation with all its state, and only then is the previous
 * incarnation removed, so that no other node sees members leave that are still there.
 *
 * Thread: the cluster's; atomic fields: any.
 */
#pragma once

#include "cluster/changes.h"
#include "cluster/connector.h"
#include "cluster/inbox_reader.h"
#include "cluster/op.h"
#include "cluster/peers.h"
#include "cluster/report.h"

#define CLUSTER_LINK_NODE_LEN_MAX 64
#define CLUSTER_LINK_EPOCH_LEN_MAX 33
/* Between two heartbeats. */
#define CLUSTER_LINK_HEARTBEAT_MS 1000

enum cluster_link_phase {
    CLUSTER_LINK_AWAY,            /* waits before the next attempt */
    CLUSTER_LINK_CONNECTING,      /* finds the server, connects, logs in, says hello */
    CLUSTER_LINK_REPORTING,       /* sends this node's state to Redis */
    CLUSTER_LINK_AWAITING_PEERS,  /* Redis had lost everything: waits for the other nodes' state */
    CLUSTER_LINK_AWAITING_MEMORY, /* Redis has all state, but no memory for events */
    CLUSTER_LINK_UP,
    CLUSTER_LINK_ENDING, /* leaves the cluster */
    CLUSTER_LINK_ENDED,
};

/* What all links of a node share. */
struct cluster_link_shared {
    struct net_loop *loop;
    const struct config_scaling *settings;
    const struct cluster_events *events;
    void *user;
    struct net_tls *tls;
    char process[CLUSTER_LINK_NODE_LEN_MAX / 2];
    /* Counted by the cluster's thread, read by any. */
    _Atomic(uint64_t) events_sent;
    _Atomic(uint64_t) events_dropped;
    _Atomic(uint64_t) links_lost;
    _Atomic(uint64_t) gaps;
    struct metrics_histogram round_trip_ns;
    size_t links_count;
    size_t joined_count; /* links that have been up */
    struct cluster_away away;
};

struct cluster_link {
    struct cluster_link_shared *shared;
    atomic_bool is_up;
    atomic_size_t nodes_count;
    _Atomic(uint64_t) events_received;
    pthread_mutex_t listed_lock;
    struct buffer listed; /* the nodes of the last heartbeat as JSON, under that lock */

    enum cluster_link_phase phase;
    char *prefix;
    char node[CLUSTER_LINK_NODE_LEN_MAX];
    unsigned incarnation;
    struct cluster_connector connector;
    struct cluster_sender sender;
    struct cluster_report report;
    struct cluster_inbox_reader reader; /* of the inbox */
    char epoch[CLUSTER_LINK_EPOCH_LEN_MAX];
    struct cluster_peers peers;
    struct cluster_changes changes;
    size_t renew_count; /* heartbeats until all keys are renewed */
    bool is_reaping;

    struct cluster_state state;
    struct cluster_outbox outbox;
    struct cluster_inbox inbox;

    uint64_t retry_ms;          /* when to try again */
    uint64_t heartbeat_ms;      /* when to send the next heartbeat */
    uint64_t joined_ms;         /* when this incarnation said hello */
    uint64_t peers_deadline_ms; /* when to stop waiting for peers */
    bool is_away;               /* and that was logged */
    bool was_up;                /* ever */
};

/* `partition` of `count`. */
void cluster_link_init(struct cluster_link *link, struct cluster_link_shared *shared,
                       size_t partition, size_t count);
void cluster_link_deinit(struct cluster_link *link);

/* Closes the connection and joins again: this node may have missed events. */
void cluster_link_rejoin(struct cluster_link *link);

/* Two Sentinels name `address` as the master. The link ends if it uses another. */
void cluster_link_move(struct cluster_link *link, const struct cluster_redis_address *address);

/* To be called several times a second. */
void cluster_link_tick(struct cluster_link *link, uint64_t now_ms);

/* Sends what was gathered; to be called at the end of a loop turn. */
void cluster_link_flush(struct cluster_link *link);

/* Closes its connections: pending replies do not come. */
void cluster_link_close(struct cluster_link *link);

/* A heartbeat was answered: a link that waits for its peers, or for Redis' memory, may go on. */
void cluster_link_advance(struct cluster_link *link);

/* Whether operations are sent to Redis as they happen. */
bool cluster_link_talks(const struct cluster_link *link);

/* Calls `on_acked` when Redis has applied everything up to now. False, and it is not called, if
 * nothing is pending or the link is down. */
bool cluster_link_wait(struct cluster_link *link, cluster_sender_acked_fn on_acked, void *data);

/* Runs scripts/query.lua. False, and `on_reply` is not called, if the link is not up. */
bool cluster_link_query(struct cluster_link *link, struct cluster_resp *arguments,
                        cluster_redis_reply_fn on_reply, void *data);
