#include "cluster/queries.h"

#include "base/mem.h"
#include "cluster/cluster.h"
#include "cluster/pending_query.h"

static struct cluster_pending_query *query_new(const struct cluster_query_caller *caller,
                                               enum cluster_pending_query_kind kind,
                                               struct bytes app_id)
{
    struct cluster_pending_query *query = mem_new(sizeof *query);

    query->caller = *caller;
    query->kind = kind;
    query->app_id = bytes_copy(app_id);
    return query;
}

void cluster_queries_list(struct cluster *cluster, const struct cluster_query_caller *caller,
                          struct bytes app_id, struct bytes prefix, bool has_users, bool has_cached)
{
    struct cluster_pending_query *query = query_new(caller, CLUSTER_PENDING_QUERY_LIST, app_id);

    query->prefix = bytes_copy(prefix);
    query->prefix_len = prefix.len;
    query->has_users = has_users;
    query->has_cached = has_cached;
    cluster_take_query(cluster, &query);
}

void cluster_queries_channels(struct cluster *cluster, const struct cluster_query_caller *caller,
                              struct bytes app_id, const struct bytes *names, size_t names_count)
{
    struct cluster_pending_query *query = query_new(caller, CLUSTER_PENDING_QUERY_CHANNELS, app_id);

    for (size_t i = 0; i < names_count; i++)
        cluster_facts_add_channel(&query->facts, names[i]);
    cluster_take_query(cluster, &query);
}

void cluster_queries_users(struct cluster *cluster, const struct cluster_query_caller *caller,
                           struct bytes app_id, struct bytes channel)
{
    struct cluster_pending_query *query = query_new(caller, CLUSTER_PENDING_QUERY_USERS, app_id);

    cluster_facts_add_channel(&query->facts, channel);
    cluster_take_query(cluster, &query);
}

void cluster_queries_acked(struct cluster *cluster, const struct cluster_query_caller *caller)
{
    struct cluster_pending_query *query = query_new(caller, CLUSTER_PENDING_QUERY_ACKED, BYTES(""));

    cluster_take_query(cluster, &query);
}

void cluster_queries_connections(struct cluster *cluster, const struct cluster_query_caller *caller,
                                 struct bytes app_id)
{
    struct cluster_pending_query *query =
        query_new(caller, CLUSTER_PENDING_QUERY_CONNECTIONS, app_id);

    cluster_take_query(cluster, &query);
}
