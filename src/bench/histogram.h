/* Counts latencies, to within two percent, in constant memory.
 *
 * Thread: owner.
 */
#pragma once

#include <stdint.h>

/* Each power of two is divided into 64 slots. */
#define BENCH_HISTOGRAM_SLOTS_COUNT (59 * 64)

struct bench_histogram {
    uint64_t slots[BENCH_HISTOGRAM_SLOTS_COUNT];
    uint64_t count;
    uint64_t max;
};

void bench_histogram_add(struct bench_histogram *histogram, uint64_t value);
void bench_histogram_merge(struct bench_histogram *histogram, const struct bench_histogram *other);

/* The value that `share` (0 to 1) of all values do not exceed; 0 if there are no values. */
uint64_t bench_histogram_quantile(const struct bench_histogram *histogram, double share);
