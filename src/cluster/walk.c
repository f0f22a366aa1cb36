#include "cluster/walk.h"

/* Channels and members, together some ms. */
#define VISITED_A_TURN 4000

static void go_on_to_next_channel(struct cluster_walk *walk)
{
    walk->channel = map_any(&walk->state->channels, walk->channel);
    walk->member = NULL;
}

static void visit_one(struct cluster_walk *walk)
{
    struct cluster_state_channel *channel = cluster_state_channel_of(walk->channel);

    if (walk->member == NULL) {
        walk->on_channel(channel, walk->user);
    } else {
        walk->on_member(channel, LIST_OWNER(walk->member, struct cluster_state_member, entry),
                        walk->user);
    }
    if (walk->on_member != NULL)
        walk->member = map_any(&channel->members, walk->member);
    if (walk->member == NULL)
        go_on_to_next_channel(walk);
}

void cluster_walk_give_up(struct cluster_walk *walk)
{
    if (!walk->is_under_way)
        return;
    walk->is_under_way = false;
    net_mailbox_release(&walk->loop->mailbox);
    net_loop_come_back(walk->loop);
}

void cluster_walk_continue(struct cluster_walk *walk)
{
    for (size_t i = 0; walk->is_under_way && walk->channel != NULL && i < VISITED_A_TURN; i++)
        visit_one(walk);
    if (!walk->is_under_way) /* maybe since just now: a visit may have it given up */
        return;
    if (walk->channel != NULL) {
        net_loop_come_back(walk->loop);
        return;
    }
    cluster_walk_give_up(walk);
    if (walk->on_end != NULL)
        walk->on_end(walk->data);
}

void cluster_walk_begin(struct cluster_walk *walk)
{
    cluster_walk_give_up(walk);
    walk->is_under_way = true;
    net_mailbox_hold(&walk->loop->mailbox);
    walk->member = NULL;
    walk->channel = map_any(&walk->state->channels, NULL);
    cluster_walk_continue(walk);
}
