/* The heartbeats of a link: by them the others see that this node lives, and their answers say who
 * the others are. Those that have been silent for long are given up, and what is left of them is
 * removed step by step.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/link.h"

/* To be called several times a second, after cluster_link_tick(). */
void cluster_heartbeat_tick(struct cluster_link *link, uint64_t now_ms);
