/* How the API asks all nodes together, or a test that stands in their place: cluster/query.h tells
 * what each does.
 *
 * Thread: any.
 */
#pragma once

#include "cluster/cluster.h"
#include "cluster/query.h"

struct api_nodes {
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

/* Of the real cluster. */
extern const struct api_nodes api_nodes;
