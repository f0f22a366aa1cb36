/* Something that is done with each session of a worker, piece by piece, so that however many there
 * are, other clients do not wait for it (net/slices.h).
 *
 * Thread: owner. Memory: a visit is one allocation, which its maker embeds in its own; it is freed
 * after its last call.
 */
#pragma once

#include "pusher/session.h"

struct pusher_visit {
    /* Set by the maker. */
    struct pusher_worker *worker;
    void (*visit)(struct pusher_visit *visit, struct pusher_session *session);
    /* After the last session, or when the worker ends before; NULL: nothing is to be done. */
    void (*on_end)(struct pusher_visit *visit, bool is_complete);

    struct net_slices_job job;
    uint64_t *socket_ids; /* of all that there were when it began */
    size_t count;
    size_t visited_count;
};

/* Visits all sessions that are not over, also not when it is their turn, at the ends of this turn
 * and of the next ones. */
void pusher_visit_begin(struct pusher_visit *visit);
