/* Has Redis asked, by a link, for the changes that webhooks are sent (cluster/changes.h).
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/link.h"

/* To be called several times a second, after cluster_link_tick(). */
void cluster_follow_tick(struct cluster_link *link, uint64_t now_ms);

/* Before cluster_ending_begin(): what has been sent is removed. */
void cluster_follow_end(struct cluster_link *link, uint64_t now_ms);
