/* What stands in this node's inbox, read and told on: the counterpart of put() in
 * scripts/apply.lua. Events that come twice, because a lost link had them sent anew, are told once.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/cluster.h"
#include "cluster/outbox.h"
#include "cluster/state.h"

struct cluster_inbox {
    const struct cluster_events *events;
    void *user;
    const char *process;           /* this one's name */
    struct cluster_outbox *outbox; /* its own events come back to it */
    struct cluster_state *state;   /* connections that are admitted count */
    unsigned incarnation;          /* of the link now */
    bool is_partial;               /* snapshots do not show the members of all nodes yet */
    uint64_t received_count;       /* events of others */

    struct list origins; /* the last number of each other process */
};

void cluster_inbox_init(struct cluster_inbox *inbox);
void cluster_inbox_deinit(struct cluster_inbox *inbox);

/* One thing it says. What cannot be read is passed over: a newer version may say more. */
void cluster_inbox_read(struct cluster_inbox *inbox, struct bytes letter, struct bytes packed);
