/* How full a queue is, so that the connections that fill it are not read meanwhile. An addition
 * beyond the high mark is noted in the calling thread; the loop then holds back the connection
 * whose input it is handling (net/conn.c), and resumes it when the queue is down to half. With a
 * step, one addition is noted for so much that was added beyond the mark: who adds much is held
 * back each time, and who adds little hardly ever.
 *
 * Thread: any; the note is per thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct net_watermark_waiter {
    struct net_watermark_waiter *next;
    void (*on_low)(struct net_watermark_waiter *waiter); /* on any thread; the wait is over */
};

struct net_watermark {
    size_t high;          /* fixed */
    size_t step;          /* fixed; 0: each addition is noted */
    atomic_size_t beyond; /* added beyond the mark since one was noted */
    atomic_size_t amount;
    _Atomic(struct net_watermark_waiter *) waiters;
};

void net_watermark_init(struct net_watermark *watermark, size_t high, size_t step);

void net_watermark_add(struct net_watermark *watermark, size_t amount);
void net_watermark_sub(struct net_watermark *watermark, size_t amount);

/* The note alone: `amount` will be added later. */
void net_watermark_note(struct net_watermark *watermark, size_t amount);

/* The queue that the calling thread filled last since the previous call; NULL: none. */
struct net_watermark *net_watermark_take_filled(void);
bool net_watermark_has_filled(void);

/* Calls `on_low` once the amount is low, perhaps before this returns. `waiter` must not be waiting
 * already. */
void net_watermark_wait(struct net_watermark *watermark, struct net_watermark_waiter *waiter);
