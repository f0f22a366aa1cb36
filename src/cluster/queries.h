/* Queries of the API about all nodes together: asked of Redis, answered by mail
 * (cluster/query.h).
 *
 * Thread: any that has a mailbox. Memory: what is handed over is copied.
 */
#pragma once

#include "cluster/query.h"

struct cluster;

/* All occupied channels of the app whose name begins with `prefix`; `has_users`, `has_cached`: with
 * their user_count, with their cached event. */
void cluster_queries_list(struct cluster *cluster, const struct cluster_query_caller *caller,
                          struct bytes app_id, struct bytes prefix, bool has_users,
                          bool has_cached);

/* These channels. */
void cluster_queries_channels(struct cluster *cluster, const struct cluster_query_caller *caller,
                              struct bytes app_id, const struct bytes *names, size_t names_count);

/* The users of that presence channel: `channels[0]` and `users` of the answer. */
void cluster_queries_users(struct cluster *cluster, const struct cluster_query_caller *caller,
                           struct bytes app_id, struct bytes channel);

/* Answered when Redis has applied everything handed to the cluster up to now; if a link is down,
 * Redis gets that link's part later. */
void cluster_queries_acked(struct cluster *cluster, const struct cluster_query_caller *caller);

/* How many clients of the app are connected. */
void cluster_queries_connections(struct cluster *cluster, const struct cluster_query_caller *caller,
                                 struct bytes app_id);
