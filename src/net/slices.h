/* Long work, done piece by piece at the ends of turns, so that other clients do not wait for it:
 * all jobs of a worker together take NET_SLICES_TURN_NS of a turn. If the jobs have filled a queue
 * (net/watermark.h), they wait until it is only half full.
 *
 * Thread: owner, each worker has one. Life: zero-initialised is empty.
 */
#pragma once

#include "base/list.h"
#include "net/loop.h"

#define NET_SLICES_TURN_NS 2000000

struct net_slices_job {
    struct list link;
    /* Does one piece of the work, far less than a turn's share. True if it was the last; the job
     * may be freed then. */
    bool (*run)(struct net_slices_job *slice);
    /* Instead of running it again, at the end of the worker. */
    void (*free)(struct net_slices_job *slice);
};

struct net_slices {
    struct list waiting; /* jobs, the next one first; zeroed until the first is added */
    /* While a queue that they have filled is not down to half. */
    bool waits_for_queue;
    struct net_watermark_waiter waiter;
    struct net_mail wake;
    struct net_loop *loop;
};

/* The job's first piece is done at the end of this turn or the next. */
void net_slices_add(struct net_slices *slices, struct net_slices_job *slice);

void net_slices_end_turn(struct net_slices *slices, struct net_loop *loop);

/* The job does not run any more; its owner frees it. */
void net_slices_remove(struct net_slices_job *slice);

/* Frees the jobs that are left. */
void net_slices_close(struct net_slices *slices);
