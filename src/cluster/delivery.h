/* Delivers events to this node's subscribers directly that were to come back by way of Redis.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/events.h"
#include "cluster/outbox.h"

/* Does nothing if they have it already. */
void cluster_delivery_one(struct cluster_outbox *outbox, struct cluster_outbox_event *event,
                          const struct cluster_events *events, void *user);
/* The events with the numbers from `first` to `last`. */
void cluster_delivery_range(struct cluster_outbox *outbox, uint64_t first, uint64_t last,
                            const struct cluster_events *events, void *user);

void cluster_delivery_all(struct cluster_outbox *outbox, const struct cluster_events *events,
                          void *user);
