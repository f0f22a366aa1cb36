/* The attributes of a channel that a request asks for: the parameter `info`. Pusher Channels, "HTTP
 * API", "Channel queries". They are written from the state of one node, or of all nodes together.
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

/* Parses "subscription_count,user_count"; unknown names are ignored. */
struct api_info api_info_parse(struct bytes list);

/* Appends the channel's attributes as a JSON object, from this node's state. `channel` is NULL if
 * it has no subscriber and no cached event. Must not be called under the channel's state lock. */
void api_info_write_local(struct buffer *out, struct api_info info, struct channel *channel,
                          uint64_t now_ms);

/* The same from the cluster's answer. */
void api_info_write_cluster(struct buffer *out, struct api_info info,
                            const struct cluster_query_channel *channel);
