#include "cluster/watchdog.h"

bool cluster_watchdog_check(struct cluster_watchdog *watchdog, unsigned ticks)
{
    if (ticks != watchdog->ticks_seen) {
        watchdog->ticks_seen = ticks;
        watchdog->unchanged_count = 0;
        return false;
    }
    if (watchdog->unchanged_count < CLUSTER_WATCHDOG_CHECKS)
        watchdog->unchanged_count++;
    return watchdog->unchanged_count == CLUSTER_WATCHDOG_CHECKS &&
           !atomic_exchange_explicit(&watchdog->is_stalled, true, memory_order_acq_rel);
}

bool cluster_watchdog_is_stalled(const struct cluster_watchdog *watchdog)
{
    return atomic_load_explicit(&watchdog->is_stalled, memory_order_acquire);
}

bool cluster_watchdog_resume(struct cluster_watchdog *watchdog)
{
    return cluster_watchdog_is_stalled(watchdog) &&
           atomic_exchange_explicit(&watchdog->is_stalled, false, memory_order_acq_rel);
}
