#include "api/cluster_queries.h"

#include "cluster/queries.h"

const struct api_cluster_queries api_cluster_queries = {
    .list = cluster_queries_list,
    .channels = cluster_queries_channels,
    .users = cluster_queries_users,
    .acked = cluster_queries_acked,
    .connections = cluster_queries_connections,
    .is_connected = cluster_is_connected,
    .is_stalled = cluster_is_stalled,
};
