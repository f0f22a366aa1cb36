/* The other nodes, as this one's heartbeats find them: which are in step, and which have not sent a
 * heartbeat of their own for long.
 *
 * Time is counted in our own heartbeats that Redis answered: neither a clock that steps nor a Redis
 * that hangs makes a living node silent.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "base/bytes.h"
#include "base/list.h"

struct cluster_peers_peer {
    struct list link;
    unsigned unchanged_count; /* of our heartbeats in a row that found the same number of its */
    bool is_synced;           /* all it has is in the state that is shared */
    bool is_there;
    char heartbeats[32]; /* as Redis says it */
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

/* One answer to a heartbeat: begin, each node, end; which is not noted is forgotten. */
void cluster_peers_begin(struct cluster_peers *peers);
void cluster_peers_note(struct cluster_peers *peers, struct bytes node, struct bytes heartbeats,
                        bool is_synced);
void cluster_peers_end(struct cluster_peers *peers);

/* What a new connection finds is not compared with what an old one found. */
void cluster_peers_restart(struct cluster_peers *peers);

/* The first one that is silent, after `peer` if that is not NULL. */
const struct cluster_peers_peer *cluster_peers_next_silent(const struct cluster_peers *peers,
                                                           const struct cluster_peers_peer *peer);

/* Remembers who is in step now; and whether all of them are again. */
void cluster_peers_remember(struct cluster_peers *peers);
bool cluster_peers_are_back(const struct cluster_peers *peers);
