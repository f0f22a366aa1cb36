/* How full a queue is, so that who fills it is not read from meanwhile. Whoever adds beyond the
 * high mark has its thread remember so; the loop then holds back the connection whose bytes it is
 * handling (net/conn.c), and goes on with it when the queue has come down to half.
 *
 * Thread: any, but for what is said to be of the calling thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct net_watermark_waiter {
    struct net_watermark_waiter *next;
    void (*on_low)(struct net_watermark_waiter *waiter); /* on any thread; it waits no longer */
};

struct net_watermark {
    size_t high; /* fixed */
    atomic_size_t amount;
    _Atomic(struct net_watermark_waiter *) waiters;
};

void net_watermark_init(struct net_watermark *watermark, size_t high);

void net_watermark_add(struct net_watermark *watermark, size_t amount);
void net_watermark_sub(struct net_watermark *watermark, size_t amount);

/* Something was added for which another queue is the cause: is remembered where that is full. */
void net_watermark_note(struct net_watermark *watermark);

/* What the calling thread has filled since it was last asked, one of them; NULL: nothing. */
struct net_watermark *net_watermark_take_filled(void);
bool net_watermark_has_filled(void);

/* Tells the waiter when the amount is low, perhaps before this returns. It must not wait already.
 */
void net_watermark_wait(struct net_watermark *watermark, struct net_watermark_waiter *waiter);
