/* Detects that the cluster's thread has stalled: main compares its ticks once a second.
 *
 * Thread: main; cluster_watchdog_is_stalled(): any; cluster_watchdog_resume(): the cluster's.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

/* The thread has stalled if its ticks are the same at so many checks in a row. */
#define CLUSTER_WATCHDOG_CHECKS 5

struct cluster_watchdog {
    unsigned ticks_seen;
    unsigned unchanged_count; /* checks in a row that found the same ticks */
    atomic_bool is_stalled;
};

/* `ticks` grows as long as the thread runs. True if this check finds that it has stalled. */
bool cluster_watchdog_check(struct cluster_watchdog *watchdog, unsigned ticks);

bool cluster_watchdog_is_stalled(const struct cluster_watchdog *watchdog);

/* On the thread itself, which runs: whether it had stalled; it counts as running again. */
bool cluster_watchdog_resume(struct cluster_watchdog *watchdog);
