/* Many coarse timers on one timer wheel: setting, moving and stopping one takes a few instructions,
 * however many there are.
 *
 * Thread: owner. Precision: NET_TIMER_TICK_MS, never early.
 */
#pragma once

#include "base/list.h"

#include <stdint.h>

#define NET_TIMER_TICK_MS 250
#define NET_TIMER_SLOTS_COUNT 256

struct net_timer {
    struct list link;
    uint64_t due_ms; /* on the loop's clock */
};

struct net_timer_wheel {
    struct list slots[NET_TIMER_SLOTS_COUNT];
    uint64_t tick; /* the last one handled */
};

typedef void (*net_timer_fn)(struct net_timer *timer, uint64_t now_ms);

void net_timer_wheel_init(struct net_timer_wheel *wheel, uint64_t now_ms);

/* Stops each timer that is due by now, and calls `on_due` for it. */
void net_timer_wheel_turn(struct net_timer_wheel *wheel, uint64_t now_ms, net_timer_fn on_due);

void net_timer_init(struct net_timer *timer);
void net_timer_set(struct net_timer_wheel *wheel, struct net_timer *timer, uint64_t due_ms);
void net_timer_stop(struct net_timer *timer);
