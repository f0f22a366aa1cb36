/* What this node has, as far as one link is concerned: its subscriptions, its members, its
 * connections. It is what Redis is told, and told anew after a link was down.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "cluster/events.h"

struct cluster_state_member {
    struct map_entry entry;
    uint32_t user_id_len;
    uint32_t user_info_len;
    char text[]; /* the id, then the info */
};

struct cluster_state_channel {
    struct map_entry entry;
    struct list dirty; /* among those whose count Redis does not know yet */
    struct map members;
    unsigned flags;
    bool needs_state; /* its first subscription is new: nothing of the channel is known here */
    uint32_t subscriptions_count;
    uint32_t key_len;
    uint64_t chain; /* the number of the snapshot of its members that was asked for last */
    char key[];
};

struct cluster_state_app {
    struct list link;
    int64_t connections_count;
    int64_t unreported; /* of these, what Redis does not know yet */
    uint32_t id_len;
    char id[];
};

struct cluster_state {
    struct map channels;
    size_t occupied_count; /* channels with subscriptions */
    struct list dirty;
    struct list apps;
};

void cluster_state_init(struct cluster_state *state);
void cluster_state_deinit(struct cluster_state *state);

/* NULL where the node has no subscription there. */
struct cluster_state_channel *cluster_state_find(const struct cluster_state *state,
                                                 struct bytes key);

/* So many subscriptions more or less; the channel is dirty then. */
struct cluster_state_channel *cluster_state_subscribe(struct cluster_state *state, struct bytes key,
                                                      int change, unsigned flags);

/* It is not dirty any more; one without subscriptions and members is freed. */
void cluster_state_clean(struct cluster_state *state, struct cluster_state_channel *channel);

/* Channels of the bucket, one after the other, from NULL on; NULL at its end. Buckets are numbered
 * from 0 to `channels.buckets_count`; a channel may change its bucket when others come. */
struct cluster_state_channel *cluster_state_next_of_bucket(
    const struct cluster_state *state, size_t bucket, const struct cluster_state_channel *channel);

/* Forgets all of the channel, which is known. */
void cluster_state_drop(struct cluster_state *state, struct bytes key);

/* A member has come, or has another info now; or it has gone. Its channel has subscriptions at that
 * moment. */
void cluster_state_join(struct cluster_state *state, struct bytes key, struct bytes user_id,
                        struct bytes user_info);
void cluster_state_leave(struct cluster_state *state, struct bytes key, struct bytes user_id);

/* Made where it is not known. */
struct cluster_state_app *cluster_state_app(struct cluster_state *state, struct bytes id);

struct bytes cluster_state_key(const struct cluster_state_channel *channel);
struct bytes cluster_state_user_id(const struct cluster_state_member *member);
struct bytes cluster_state_user_info(const struct cluster_state_member *member);
