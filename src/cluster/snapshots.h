/* Members of channels that come page by page, changes between the pages, and the waiters for the
 * last page.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/state.h"

struct cluster_snapshots {
    struct cluster_state channels; /* channels of which some pages have come */
    struct list waiting;
};

void cluster_snapshots_init(struct cluster_snapshots *snapshots);
void cluster_snapshots_deinit(struct cluster_snapshots *snapshots);

/* Drops all snapshots and all waiters: no page comes any more. */
void cluster_snapshots_clear(struct cluster_snapshots *snapshots);

/* The channel's snapshot of that number; one of another number is dropped. */
struct cluster_state_channel *cluster_snapshots_open(struct cluster_snapshots *snapshots,
                                                     struct bytes key, uint64_t chain);

/* Whether pages of the channel are still to come. */
bool cluster_snapshots_is_open(const struct cluster_snapshots *snapshots, struct bytes key);

/* Changes that come between the pages; ignored if no page is to come. */
void cluster_snapshots_join(struct cluster_snapshots *snapshots, struct bytes key,
                            struct bytes user_id, struct bytes user_info);
void cluster_snapshots_leave(struct cluster_snapshots *snapshots, struct bytes key,
                             struct bytes user_id);

/* The members so far; the texts are borrowed, the caller frees the array. */
struct cluster_member *cluster_snapshots_members(const struct cluster_state_channel *snapshot);

/* The last page has come. The caller then takes each waiter of the channel with
 * cluster_snapshots_next_waiting(), until it returns false. */
void cluster_snapshots_close(struct cluster_snapshots *snapshots, struct bytes key);
void cluster_snapshots_wait(struct cluster_snapshots *snapshots, struct bytes key,
                            struct cluster_waiter waiter);
bool cluster_snapshots_next_waiting(struct cluster_snapshots *snapshots, struct bytes key,
                                    struct cluster_waiter *waiter);
