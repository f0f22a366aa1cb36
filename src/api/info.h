/* What a caller wants to know of a channel: the parameter `info`. Pusher Channels, "HTTP API",
 * "Channel queries". It is written of what one node knows, or of what all nodes together do.
 *
 * Thread: the call's.
 */
#pragma once

#include "cluster/query.h"
#include "pusher/worker.h"

struct api_info {
    bool subscription_count;
    bool user_count;
    bool occupied;
    bool cache;
};

/* "subscription_count,user_count"; what is unknown is passed over. */
struct api_info api_info_parse(struct bytes list);

/* Appends the channel's attributes as a JSON object, by what this node knows. `channel` is NULL
 * where nobody is subscribed and nothing is kept. Must not be called under the channel's state
 * lock. */
void api_info_write_local(struct buffer *out, struct api_info info, struct channel *channel,
                          uint64_t now_ms);

/* The same by what the cluster has answered. */
void api_info_write_cluster(struct buffer *out, struct api_info info,
                            const struct cluster_query_channel *channel);
