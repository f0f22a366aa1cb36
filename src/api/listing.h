/* The list of an app's channels as JSON, from what this node knows piece by piece, or from what the
 * cluster has answered.
 *
 * Thread: the call's. Memory: zero-initialised is empty; holds references to channels meanwhile.
 */
#pragma once

#include "api/info.h"

struct api_listing {
    struct buffer json;
    struct buffer channels; /* pointers to those that are found and not yet written */
    size_t written_count;   /* of them */
    size_t parts_count;     /* of the registry, that were looked at */
    bool has_any;
};

void api_listing_deinit(struct api_listing *listing);

/* Goes on for some microseconds; `prefix` is how names must begin. True where the list is whole. A
 * channel that comes or goes meanwhile may be in it or not. */
bool api_listing_step(struct api_listing *listing, struct channel_registry *channels,
                      struct bytes prefix, struct api_info info, uint64_t now_ms);

/* All at once. */
void api_listing_write_cluster(struct api_listing *listing,
                               const struct cluster_query_answer *answer, struct api_info info);
