/* Events that this node's subscribers were to hear by way of Redis, and hear without it.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/events.h"
#include "cluster/outbox.h"

/* Nothing if they have it already. */
void cluster_delivery_one(struct cluster_outbox *outbox, struct cluster_outbox_event *event,
                          const struct cluster_events *events, void *user);
void cluster_delivery_all(struct cluster_outbox *outbox, const struct cluster_events *events,
                          void *user);
