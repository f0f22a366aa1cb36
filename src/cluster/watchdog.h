/* Notices that the cluster's thread has stalled: main compares its ticks from time to time.
 *
 * Thread: main, but cluster_watchdog_is_stalled(), which is for any, and cluster_watchdog_resume().
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

/* It has stalled if its ticks are the same at so many checks in a row. Main checks once a second.
 */
#define CLUSTER_WATCHDOG_CHECKS 5

struct cluster_watchdog {
    unsigned ticks_seen;
    unsigned unchanged_count; /* checks in a row at which they were the same */
    atomic_bool is_stalled;
};

/* `ticks` grows as long as the thread turns. True if it has just been found to have stalled. */
bool cluster_watchdog_check(struct cluster_watchdog *watchdog, unsigned ticks);

bool cluster_watchdog_is_stalled(const struct cluster_watchdog *watchdog);

/* On the thread itself: whether it was found to have stalled; it is running again. */
bool cluster_watchdog_resume(struct cluster_watchdog *watchdog);
