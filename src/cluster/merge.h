/* The entries of several streams in one order, that of their ids: scripts/apply numbers them
 * over all streams.
 *
 * Thread: any. Memory: borrows from the reply.
 */
#pragma once

#include "base/bytes.h"

#include <hiredis.h>

#define CLUSTER_MERGE_STREAMS_MAX 17

struct cluster_merge_id {
    uint64_t number; /* of the call that added the entry */
    uint64_t order;  /* within it */
};

struct cluster_merge_entry {
    size_t stream;
    struct cluster_merge_id id;
    struct bytes id_text;
    struct bytes name;
    struct bytes value;
};

/* Zero-initialised is empty. */
struct cluster_merge {
    const redisReply *entries[CLUSTER_MERGE_STREAMS_MAX]; /* NULL: none */
    size_t at[CLUSTER_MERGE_STREAMS_MAX];
    struct cluster_merge_id horizon; /* what is known completely */
    bool has_horizon;
    bool is_cut; /* there are entries beyond the horizon */
};

/* Adds the entries of a stream, of which at most `requested` were requested: if there are as many,
 * more may follow, and of the other streams only what comes before those is due. */
void cluster_merge_add(struct cluster_merge *merge, size_t stream, const redisReply *entries,
                       size_t requested);

/* The next entry that is due; false if there is none. An entry that is not understood has an empty
 * value. */
bool cluster_merge_next(struct cluster_merge *merge, struct cluster_merge_entry *entry);
