/* The users of a presence channel as JSON: from this node's list, piece by piece, or from the
 * cluster's answer.
 *
 * Thread: the call's. Memory: zero-initialised is empty; holds copies.
 */
#pragma once

#include "base/buffer.h"
#include "channel/registry.h"
#include "cluster/query.h"

struct api_members {
    struct buffer json;
    struct buffer ids; /* of this node's list: each with its length before it */
    size_t written;    /* bytes of `ids` that are in `json` */
    bool has_ids;      /* they were copied */
    bool is_occupied;  /* the channel has subscribers */
};

void api_members_deinit(struct api_members *members);

/* Continues for some microseconds. True if the list is complete. It is the list of one moment: the
 * first call copies the ids. */
bool api_members_step(struct api_members *members, struct channel_registry *channels,
                      struct bytes name);

/* Adds a page of the cluster's answer, or all of it. */
void api_members_write_cluster(struct api_members *members,
                               const struct cluster_query_answer *answer);

/* After the last one. */
void api_members_end(struct api_members *members);
