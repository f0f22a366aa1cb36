/* Long answers, written piece by piece at the ends of turns, so that nobody else waits for them:
 * all of a worker's together take API_SLICES_TURN_NS of a turn.
 *
 * Thread: owner, each worker has one. Life: zero-initialised is empty.
 */
#pragma once

#include "base/list.h"
#include "net/loop.h"

#define API_SLICES_TURN_NS 2000000

struct api_slices_job {
    struct list link;
    /* Does a piece of the work, far less than a turn's share. True where it was the last: the slice
     * may be gone then. */
    bool (*run)(struct api_slices_job *slice);
    void (*free)(struct api_slices_job *slice); /* where it will never run again */
};

struct api_slices {
    struct list waiting;  /* who comes next in front; not there before the first */
    struct net_mail wake; /* so that another turn follows */
    bool is_waking;
};

/* Its first piece is done at the end of this turn, or of the next. */
void api_slices_add(struct api_slices *slices, struct api_slices_job *slice);

void api_slices_end_turn(struct api_slices *slices, struct net_loop *loop);

/* Frees those that are left. */
void api_slices_close(struct api_slices *slices);
