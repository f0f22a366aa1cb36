/* The list of an app's channels as JSON: from this node's state, piece by piece, or from the
 * cluster's answer.
 *
 * Thread: the call's. Memory: zero-initialised is empty; holds references to channels while it is
 * written.
 */
#pragma once

#include "api/info.h"

struct api_listing {
    struct net_chunk **pieces; /* of the JSON, in order */
    size_t pieces_count;
    size_t pieces_cap;
    struct buffer json;     /* what comes behind them */
    struct buffer channels; /* pointers to the channels found */
    size_t written_count;   /* of these channels */
    size_t parts_count;     /* parts of the registry that were searched */
    bool has_any;
};

void api_listing_deinit(struct api_listing *listing);

/* Continues for some microseconds; lists names that begin with `prefix`. True if the list is
 * complete. A channel that is created or removed meanwhile may be in it or not. */
bool api_listing_step(struct api_listing *listing, struct channel_registry *channels,
                      struct bytes prefix, struct api_info info, uint64_t now_ms);

/* Adds a page of the cluster's answer, or all of it. */
void api_listing_write_cluster(struct api_listing *listing,
                               const struct cluster_query_answer *answer, struct api_info info);

/* After the last one. */
void api_listing_end(struct api_listing *listing);
