/* What the replies to a query (scripts/query.lua) contained so far. Pages may overlap: what comes
 * again is skipped.
 *
 * Thread: the owner's. Memory: everything is copied. Zero-initialised is empty.
 */
#pragma once

#include "base/map.h"
#include "cluster/query.h"

#include <hiredis.h>

struct cluster_facts {
    struct cluster_query_channel *channels;
    size_t channels_count;
    size_t channels_cap;
    struct bytes *users;
    size_t users_count;
    size_t users_cap;
    uint64_t connections_count;
    bool is_known;
    struct map seen; /* copies of the names of a list's channels, or of users */
};

/* Moves all but what was seen; or the users alone. What was seen stays, for the next page. */
struct cluster_facts cluster_facts_cut(struct cluster_facts *facts);
struct cluster_facts cluster_facts_cut_users(struct cluster_facts *facts);

void cluster_facts_deinit(struct cluster_facts *facts);

/* A channel that the query asks for. */
void cluster_facts_add_channel(struct cluster_facts *facts, struct bytes name);

/* For a channel that was added: [name, subscriptions, members, cached event, its time to live]. */
void cluster_facts_take_channel(struct cluster_facts *facts, size_t index, const redisReply *reply);

/* A page of channels, in the order they come. */
void cluster_facts_take_list(struct cluster_facts *facts, const redisReply *reply);

/* Ids of users. */
void cluster_facts_take_users(struct cluster_facts *facts, const redisReply *reply);

void cluster_facts_take_connections(struct cluster_facts *facts, const redisReply *reply);
