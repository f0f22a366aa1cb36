/* Goes through all channels of this node, some in each turn: however many there are, neither
 * clients nor Redis wait for it in the meantime. The state does not change during a walk: what
 * workers report waits in the mailbox.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/state.h"
#include "net/loop.h"

struct cluster_walk {
    /* Fixed. */
    const struct cluster_state *state;
    struct net_loop *loop;
    void *user; /* of the two that visit */

    void (*on_channel)(struct cluster_state_channel *channel, void *user);
    /* For each member, after its channel; NULL: members are left out. */
    void (*on_member)(const struct cluster_state_channel *channel,
                      const struct cluster_state_member *member, void *user);
    void (*on_end)(void *data); /* NULL: nobody waits for it */
    void *data;

    bool is_under_way;
    struct map_entry *channel; /* the next one; NULL: all are visited */
    struct map_entry *member;  /* the next one of that channel; NULL: that itself is next */
};

/* Visits the first ones at once; with few that is all. One that is under way is given up. `on_end`
 * may begin another. */
void cluster_walk_begin(struct cluster_walk *walk);

/* To be called in each turn: visits some more if a walk is under way. */
void cluster_walk_continue(struct cluster_walk *walk);

/* Ends it where it is, without `on_end`. */
void cluster_walk_give_up(struct cluster_walk *walk);
