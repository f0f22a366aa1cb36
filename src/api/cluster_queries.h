/* How the API queries all nodes; a test puts functions of its own in their place. cluster/query.h
 * describes each function.
 *
 * Thread: any.
 */
#pragma once

#include "cluster/cluster.h"
#include "cluster/query.h"

struct api_cluster_queries {
    void (*list)(struct cluster *cluster, const struct cluster_query_caller *caller,
                 struct bytes app_id, struct bytes prefix, bool has_users, bool has_cached);
    void (*channels)(struct cluster *cluster, const struct cluster_query_caller *caller,
                     struct bytes app_id, const struct bytes *names, size_t names_count);
    void (*users)(struct cluster *cluster, const struct cluster_query_caller *caller,
                  struct bytes app_id, struct bytes channel);
    void (*acked)(struct cluster *cluster, const struct cluster_query_caller *caller);
    void (*connections)(struct cluster *cluster, const struct cluster_query_caller *caller,
                        struct bytes app_id);
    bool (*is_connected)(const struct cluster *cluster);
    bool (*is_stalled)(const struct cluster *cluster);
};

/* The real cluster's. */
extern const struct api_cluster_queries api_cluster_queries;
