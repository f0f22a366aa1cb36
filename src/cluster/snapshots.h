/* Members of channels that come page by page, with what changes among the pages, and who waits for
 * the last one.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/state.h"

struct cluster_snapshots {
    struct cluster_state channels; /* those of which some pages have come */
    struct list waiting;
};

void cluster_snapshots_init(struct cluster_snapshots *snapshots);
void cluster_snapshots_deinit(struct cluster_snapshots *snapshots);

/* None of the channels' last pages comes any more: who waits is forgotten. */
void cluster_snapshots_clear(struct cluster_snapshots *snapshots);

/* The snapshot of that number; one of another number is forgotten. */
struct cluster_state_channel *cluster_snapshots_open(struct cluster_snapshots *snapshots,
                                                     struct bytes key, uint64_t chain);

/* Whether pages of the channel are still to come. */
bool cluster_snapshots_is_open(const struct cluster_snapshots *snapshots, struct bytes key);

/* What changes meanwhile; nothing if no page is to come. */
void cluster_snapshots_join(struct cluster_snapshots *snapshots, struct bytes key,
                            struct bytes user_id, struct bytes user_info);
void cluster_snapshots_leave(struct cluster_snapshots *snapshots, struct bytes key,
                             struct bytes user_id);

/* The members so far; borrowed, but the list is the caller's to free. */
struct cluster_member *cluster_snapshots_members(const struct cluster_state_channel *snapshot);

/* It was the last page. Who waits is then to be asked for until none is left. */
void cluster_snapshots_close(struct cluster_snapshots *snapshots, struct bytes key);
void cluster_snapshots_wait(struct cluster_snapshots *snapshots, struct bytes key,
                            struct cluster_waiter waiter);
bool cluster_snapshots_next_waiting(struct cluster_snapshots *snapshots, struct bytes key,
                                    struct cluster_waiter *waiter);
