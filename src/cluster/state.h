/* This node's state for one link: its subscriptions, its members, its connections. It is what
 * Redis is told, and told again after the link was down.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "cluster/events.h"

#define CLUSTER_STATE_LETTERS 16 /* the digits of hexadecimal numbers */

struct cluster_state_member {
    struct map_entry entry;
    struct list by_age;
    uint32_t user_id_len;
    uint32_t user_info_len;
    char text[]; /* the id, then the info */
};

struct cluster_state_channel {
    struct map_entry entry;
    struct list dirty; /* in the list of channels whose count Redis does not know yet */
    struct map members;
    struct list members_by_age; /* who came, or got the present info, first is first */
    unsigned flags;
    bool needs_state;    /* its first subscription is new: its members are not known yet */
    bool notifies_count; /* subscribers are notified of their count */
    uint32_t subscriptions_count;
    uint32_t key_len;
    uint64_t chain; /* the number of the last requested snapshot of its members */
    char wide;      /* the letter of its stream if it is wide, else 0 */
    char key[];
};

struct cluster_state_app {
    struct map_entry entry;
    struct list dirty; /* in the list of apps whose count Redis does not know yet */
    int64_t connections_count;
    int64_t unreported; /* the change that Redis does not know yet */
    uint32_t id_len;
    char id[];
};

struct cluster_state {
    struct map channels;
    size_t occupied_count; /* channels with subscriptions */
    struct list dirty;
    struct map apps;
    struct list dirty_apps;
    size_t wide_counts[CLUSTER_STATE_LETTERS]; /* wide channels of each letter */
};

/* Of an entry of `channels`. */
static inline struct cluster_state_channel *cluster_state_channel_of(struct map_entry *entry)
{
    return LIST_OWNER(entry, struct cluster_state_channel, entry);
}

void cluster_state_init(struct cluster_state *state);
void cluster_state_deinit(struct cluster_state *state);

/* NULL if the state has no such channel. */
struct cluster_state_channel *cluster_state_find(const struct cluster_state *state,
                                                 struct bytes key);

/* The number of subscriptions changes by `change`; the channel is dirty then. */
struct cluster_state_channel *cluster_state_subscribe(struct cluster_state *state, struct bytes key,
                                                      int change, unsigned flags);

/* The channel is not dirty any more; if it has no subscriptions and no members it is freed. */
void cluster_state_clean(struct cluster_state *state, struct cluster_state_channel *channel);

/* Forgets the channel, which must be in the state. */
void cluster_state_drop(struct cluster_state *state, struct bytes key);

/* The channel is wide, with that stream, or is not wide any more (0). */
void cluster_state_set_wide(struct cluster_state *state, struct cluster_state_channel *channel,
                            char letter);

/* No channel is wide. */
void cluster_state_forget_wide(struct cluster_state *state);

/* Whether a wide channel has that letter's stream. */
bool cluster_state_has_wide(const struct cluster_state *state, char letter);

/* A member has come, or has another info now; or it has gone. Its channel has subscriptions at
 * that moment. */
void cluster_state_join(struct cluster_state *state, struct bytes key, struct bytes user_id,
                        struct bytes user_info);
void cluster_state_leave(struct cluster_state *state, struct bytes key, struct bytes user_id);

/* NULL if the state has no such app. */
struct cluster_state_app *cluster_state_find_app(const struct cluster_state *state,
                                                 struct bytes id);

/* Its number of connections changes by `change`; `is_known`: Redis knows that already. Else it is
 * dirty then. */
struct cluster_state_app *cluster_state_connect(struct cluster_state *state, struct bytes id,
                                                int change, bool is_known);

/* The app is not dirty any more; if it has no connections it is freed. */
void cluster_state_clean_app(struct cluster_state *state, struct cluster_state_app *app);

struct bytes cluster_state_app_id(const struct cluster_state_app *app);

/* The member that Redis was told of first; NULL if there is none. */
const struct cluster_state_member *cluster_state_oldest_member(
    const struct cluster_state_channel *channel);

struct bytes cluster_state_key(const struct cluster_state_channel *channel);
struct bytes cluster_state_user_id(const struct cluster_state_member *member);
struct bytes cluster_state_user_info(const struct cluster_state_member *member);
