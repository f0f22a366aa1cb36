/* How many cores this process may use: those of its affinity, limited by the CPU quota of its
 * control group. Source: sched_getaffinity(2), the kernel's cgroup-v2 (cpu.max) and cgroup-v1.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

#include <stdint.h>

uint32_t config_cores_count(void);

/* The number of cores in "QUOTA PERIOD", rounded up; 0: there is no quota. */
uint32_t config_cores_of_quota(struct bytes text);
