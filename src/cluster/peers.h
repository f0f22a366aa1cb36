/* The nodes that the answers to this node's heartbeats list: which are in step, and which have not
 * sent a heartbeat of their own for long.
 *
 * Time is counted in this node's own answered heartbeats: neither a clock that jumps nor a Redis
 * that hangs makes a living node look silent.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "base/buffer.h"
#include "base/list.h"

struct cluster_peers_peer {
    struct list link;
    unsigned unchanged_count; /* our heartbeats in a row that found its counter unchanged */
    bool is_synced;           /* all its state is in Redis */
    bool is_there;
    char heartbeats[32]; /* its counter, as Redis writes it */
    char node[];         /* "<process>.<incarnation>" */
};

struct cluster_peers {
    struct list all;
    size_t synced_count; /* processes in step */

    /* Processes that were in step before Redis lost everything. */
    char **awaited;
    size_t awaited_count;
};

void cluster_peers_init(struct cluster_peers *peers);
void cluster_peers_deinit(struct cluster_peers *peers);

/* One answer to a heartbeat: begin, note each node, end. A node that is not noted is forgotten. */
void cluster_peers_begin(struct cluster_peers *peers);
void cluster_peers_note(struct cluster_peers *peers, struct bytes node, struct bytes heartbeats,
                        bool is_synced);
void cluster_peers_end(struct cluster_peers *peers);

/* The counters of an old connection are not compared with those of a new one. */
void cluster_peers_restart(struct cluster_peers *peers);

/* The first silent peer, or the next one after `peer` if that is not NULL. */
const struct cluster_peers_peer *cluster_peers_next_silent(const struct cluster_peers *peers,
                                                           const struct cluster_peers_peer *peer);

/* Appends the nodes as a JSON array; `self` is this one. {"node":"a1b2.1","is_this":true,
 * "is_in_step":true,"silent_s":0}: a heartbeat a second is expected of each. */
void cluster_peers_write(const struct cluster_peers *peers, const char *self, struct buffer *out);

/* Remembers which processes are in step now; whether all of those are in step again. */
void cluster_peers_remember(struct cluster_peers *peers);
bool cluster_peers_are_back(const struct cluster_peers *peers);
