#include "net/timer.h"

/* A timer is in the slot of the tick at which it is due. One that is due later than a full turn of
 * the wheel is in the last slot before the hand, and is set again when the hand gets there. */

static uint64_t tick_of(uint64_t ms)
{
    return ms / NET_TIMER_TICK_MS;
}

void net_timer_wheel_init(struct net_timer_wheel *wheel, uint64_t now_ms)
{
    for (int i = 0; i < NET_TIMER_SLOTS_COUNT; i++)
        list_init(&wheel->slots[i]);
    wheel->tick = tick_of(now_ms);
}

void net_timer_wheel_turn(struct net_timer_wheel *wheel, uint64_t now_ms, net_timer_fn on_due)
{
    const uint64_t last = tick_of(now_ms);

    while (wheel->tick < last) {
        struct list due;
        struct list *slot = &wheel->slots[++wheel->tick % NET_TIMER_SLOTS_COUNT];

        /* Moved to a list first: a timer that a callback sets again must not fire in this round. */
        list_init(&due);
        while (!list_is_empty(slot)) {
            struct list *link = slot->next;

            list_remove(link);
            list_append(&due, link);
        }
        while (!list_is_empty(&due)) {
            struct net_timer *timer = LIST_OWNER(due.next, struct net_timer, link);

            list_remove(&timer->link);
            if (timer->due_ms > now_ms)
                net_timer_set(wheel, timer, timer->due_ms);
            else
                on_due(timer, now_ms);
        }
    }
}

void net_timer_init(struct net_timer *timer)
{
    list_init(&timer->link);
    timer->due_ms = 0;
}

void net_timer_set(struct net_timer_wheel *wheel, struct net_timer *timer, uint64_t due_ms)
{
    uint64_t tick = tick_of(due_ms) + 1;

    if (tick <= wheel->tick)
        tick = wheel->tick + 1;
    if (tick >= wheel->tick + NET_TIMER_SLOTS_COUNT)
        tick = wheel->tick + NET_TIMER_SLOTS_COUNT - 1;
    timer->due_ms = due_ms;
    list_remove(&timer->link);
    list_append(&wheel->slots[tick % NET_TIMER_SLOTS_COUNT], &timer->link);
}

void net_timer_stop(struct net_timer *timer)
{
    list_remove(&timer->link);
}
