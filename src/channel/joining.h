/* Newcomers of presence and cache channels: each is sent the channel's state and then every event
 * after it, none missing and none twice.
 *
 * A newcomer of a large channel is sent the state when the turn ends: all that join in that turn
 * share one snapshot, which contains each of them. So the cost of a thundering herd grows with its
 * size, not with the square of it.
 *
 * Thread: owner, each worker has one. Memory: newcomers share the welcome that they are sent.
 */
#pragma once

#include "channel/fanout.h"

struct channel_joining_group;

struct channel_joining {
    /* Fixed before the workers start. */
    struct channel_fanout *fanout;
    /* Writes the messages for a newcomer of the channel, under its state lock. The caller owns
     * both; `cached` may be NULL. */
    void (*write)(void *user, struct channel *channel, struct ws_message **welcome,
                  struct ws_message **cached);
    void *user;

    /* Owner. */
    struct channel_joining_group *groups; /* newcomers of this turn, one group a channel */
};

/* Adds a newcomer, under the channel's state lock, once it is a member: it is sent its welcome,
 * and then every change after it. The subscription of a small channel is active when
 * channel_joining_catch_up() returns; otherwise at the end of this turn or of a later one. */
void channel_joining_add(struct channel_joining *joining,
                         struct channel_subscription *subscription);
void channel_joining_catch_up(struct channel_joining *joining);

/* Whether the channel's newcomers are sent their welcome when the turn ends. Under its state lock.
 * Thread: any. */
bool channel_joining_is_large(const struct channel *channel);

/* Before channel_fanout_end_turn(). */
void channel_joining_end_turn(struct channel_joining *joining);

/* After its worker has ended. */
void channel_joining_deinit(struct channel_joining *joining);
