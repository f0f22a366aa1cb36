/* Newcomers of channels with a state, presence and cache channels: each is shown the state, and
 * hears what comes after it, with nothing in between and nothing twice.
 *
 * Who joins a large channel is shown its state when the turn ends: all who join in that turn share
 * one snapshot, in which each of them is. So a herd costs by its size, and not by its square.
 *
 * Thread: owner, each worker has one. Memory: a welcome is shared by all who are sent it.
 */
#pragma once

#include "channel/fanout.h"

struct channel_joining_group;

struct channel_joining {
    /* Fixed before the workers start. */
    struct channel_fanout *fanout;
    /* Writes what a newcomer of the channel is sent, under its state lock; each is the caller's and
     * may be NULL. */
    void (*write)(void *user, struct channel *channel, struct ws_message **welcome,
                  struct ws_message **cached);
    void *user;

    /* Owner. */
    struct channel_joining_group *groups; /* of this turn, one a channel */
};

/* Under the channel's state lock, once the newcomer is a member: from its place in the order of
 * changes on it hears, and is sent its welcome first. Where the channel is small that has happened
 * when channel_joining_catch_up() returns, else when the turn ends, or a later one. */
void channel_joining_add(struct channel_joining *joining,
                         struct channel_subscription *subscription);
void channel_joining_catch_up(struct channel_joining *joining);

/* Before the fan-out's. */
void channel_joining_end_turn(struct channel_joining *joining);

/* When its worker has ended. */
void channel_joining_deinit(struct channel_joining *joining);
