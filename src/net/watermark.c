#include "net/watermark.h"

static _Thread_local struct net_watermark *filled;

void net_watermark_init(struct net_watermark *watermark, size_t high, size_t step)
{
    watermark->high = high;
    watermark->step = step;
    atomic_init(&watermark->beyond, 0);
    atomic_init(&watermark->amount, 0);
    atomic_init(&watermark->waiters, NULL);
}

/* The queue is above the mark. */
static void note(struct net_watermark *watermark, size_t amount)
{
    if (atomic_fetch_add_explicit(&watermark->beyond, amount, memory_order_relaxed) + amount <
        watermark->step)
        return;
    atomic_store_explicit(&watermark->beyond, 0, memory_order_relaxed);
    filled = watermark;
}

void net_watermark_add(struct net_watermark *watermark, size_t amount)
{
    if (atomic_fetch_add_explicit(&watermark->amount, amount, memory_order_relaxed) + amount >
        watermark->high)
        note(watermark, amount);
}

void net_watermark_note(struct net_watermark *watermark, size_t amount)
{
    if (atomic_load_explicit(&watermark->amount, memory_order_relaxed) > watermark->high)
        note(watermark, amount);
}

struct net_watermark *net_watermark_take_filled(void)
{
    struct net_watermark *watermark = filled;

    filled = NULL;
    return watermark;
}

bool net_watermark_has_filled(void)
{
    return filled != NULL;
}

static void release(struct net_watermark *watermark)
{
    struct net_watermark_waiter *waiter = atomic_exchange(&watermark->waiters, NULL);

    while (waiter != NULL) {
        struct net_watermark_waiter *next = waiter->next;

        waiter->on_low(waiter);
        waiter = next;
    }
}

/* Each side writes first and then reads what the other has written: at least one of them sees it.
 */

void net_watermark_sub(struct net_watermark *watermark, size_t amount)
{
    if (atomic_fetch_sub(&watermark->amount, amount) - amount <= watermark->high / 2 &&
        atomic_load(&watermark->waiters) != NULL)
        release(watermark);
}

void net_watermark_wait(struct net_watermark *watermark, struct net_watermark_waiter *waiter)
{
    waiter->next = atomic_load(&watermark->waiters);
    while (!atomic_compare_exchange_weak(&watermark->waiters, &waiter->next, waiter))
        ;
    if (atomic_load(&watermark->amount) <= watermark->high / 2)
        release(watermark);
}
