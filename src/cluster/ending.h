/* How a node leaves the cluster: what was gathered is sent, and then Redis removes what it knows of
 * the node, step by step.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/link.h"

/* The link's phase says when it is done. */
void cluster_ending_begin(struct cluster_link *link);
