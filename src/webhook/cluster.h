/* The webhooks of a node of a cluster: what happened on any node comes from Redis, in its order, to
 * the one node that sends it.
 *
 * Thread: main; its callbacks are the cluster's and the webhooks' own.
 */
#pragma once

#include "cluster/cluster.h"
#include "webhook/webhook.h"

struct webhook_cluster {
    struct webhook *webhook;
    struct cluster *cluster;
    struct webhook_change_owner owner;
};

/* Before the cluster starts. It must live as long as both. */
void webhook_cluster_connect(struct webhook_cluster *both, struct webhook *webhook,
                             struct cluster *cluster);

/* Which changes are wanted, at the start and after each reload. Nothing if there is no cluster. */
void webhook_cluster_want(struct webhook_cluster *both, const struct config *config);
