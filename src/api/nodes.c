#include "api/nodes.h"

const struct api_nodes api_nodes = {
    .list = cluster_query_list,
    .channels = cluster_query_channels,
    .users = cluster_query_users,
    .acked = cluster_query_acked,
    .connections = cluster_query_connections,
    .is_connected = cluster_is_connected,
    .is_stalled = cluster_is_stalled,
};
