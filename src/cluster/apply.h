/* Applies an operation of this node: notes it in the state, and tells it to Redis as far as the
 * link stands; what cannot be told now is told when the link has been made anew.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/link.h"

void cluster_apply(struct cluster_link *link, const struct cluster_op *op);
