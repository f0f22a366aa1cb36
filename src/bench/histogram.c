#include "bench/histogram.h"

#include <stddef.h>

#define CUTS_BITS 6
#define CUTS (1u << CUTS_BITS)

/* A value below CUTS is its own slot. Above, the highest bit and the CUTS_BITS after it give the
 * slot. */
static size_t slot_of(uint64_t value)
{
    unsigned shift;

    if (value < CUTS)
        return (size_t)value;
    shift = 63u - (unsigned)__builtin_clzll(value) - CUTS_BITS;
    return (size_t)(shift + 1) * CUTS + (size_t)(value >> shift) - CUTS;
}

/* The largest value of the slot. */
static uint64_t value_of(size_t slot)
{
    const size_t row = slot / CUTS;

    if (row == 0)
        return slot;
    return (((uint64_t)(CUTS + slot % CUTS) + 1) << (row - 1)) - 1;
}

void bench_histogram_add(struct bench_histogram *histogram, uint64_t value)
{
    histogram->slots[slot_of(value)]++;
    histogram->count++;
    if (value > histogram->max)
        histogram->max = value;
}

void bench_histogram_merge(struct bench_histogram *histogram, const struct bench_histogram *other)
{
    for (size_t i = 0; i < BENCH_HISTOGRAM_SLOTS_COUNT; i++)
        histogram->slots[i] += other->slots[i];
    histogram->count += other->count;
    if (other->max > histogram->max)
        histogram->max = other->max;
}

uint64_t bench_histogram_quantile(const struct bench_histogram *histogram, double share)
{
    const double wanted = share * (double)histogram->count;
    uint64_t seen = 0;

    for (size_t i = 0; i < BENCH_HISTOGRAM_SLOTS_COUNT; i++) {
        seen += histogram->slots[i];
        if (histogram->slots[i] > 0 && (double)seen >= wanted)
            return value_of(i) < histogram->max ? value_of(i) : histogram->max;
    }
    return histogram->max;
}
