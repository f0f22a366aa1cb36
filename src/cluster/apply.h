/* Applies an operation of this node: records it in the state and, if the link is connected, adds it
 * to the batch for Redis. What cannot be sent now is sent after the link has reconnected.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/link.h"

void cluster_apply(struct cluster_link *link, const struct cluster_op *op);
