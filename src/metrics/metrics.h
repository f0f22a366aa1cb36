/* The server's counters. Each worker has its own; a total is the sum over all workers.
 *
 * Thread: only the worker adds to its counters; any thread reads them.
 */
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct metrics_counter {
    _Atomic(uint64_t) value;
};

/* A distribution: one count for each power of two of a unit, and the sum of the values. The last
 * count is for values above all bounds. */
#define METRICS_BOUNDS_COUNT 20

struct metrics_histogram {
    struct metrics_counter counts[METRICS_BOUNDS_COUNT + 1];
    struct metrics_counter sum;
};

/* The unit of each histogram below: its first bound. */
#define METRICS_DURATION_UNIT_NS 16384
#define METRICS_RECEIVERS_UNIT 1
#define METRICS_PING_UNIT_MS 1

struct metrics {
    alignas(64) struct metrics_counter connections_opened; /* WebSockets, since the start */
    struct metrics_counter connections_closed;
    struct metrics_counter messages_received; /* from clients */
    struct metrics_counter messages_sent;     /* to clients, each receiver counted */
    struct metrics_counter events_published;  /* by the API */
    struct metrics_counter requests_handled;  /* HTTP */
    struct metrics_counter slow_readers_closed;
    struct metrics_counter stale_closed;
    struct metrics_histogram turn_ns;    /* a turn of the loop, without its wait */
    struct metrics_histogram publish_ns; /* from the request to handing over its last receiver */
    struct metrics_histogram fanout_receivers; /* of this worker, for one event or run of events */
    struct metrics_histogram ping_ms;          /* from a ping to the client's next message */
    struct metrics_histogram
        subscribe_ns; /* from a client's request to its subscription's answer */
};

/* There is only one writer, so no locked instruction is needed. */
static inline void metrics_add(struct metrics_counter *counter, uint64_t count)
{
    atomic_store_explicit(&counter->value,
                          atomic_load_explicit(&counter->value, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

static inline uint64_t metrics_read(const struct metrics_counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

/* The index of the count that `value` belongs to: bound `i`, which is inclusive, is unit * 2^i. */
static inline size_t metrics_bound_of(uint64_t value, uint64_t unit)
{
    const uint64_t units = value / unit + (value % unit != 0);
    const size_t bound = units <= 1 ? 0 : 64 - (size_t)__builtin_clzll(units - 1);

    return bound < METRICS_BOUNDS_COUNT ? bound : METRICS_BOUNDS_COUNT;
}

/* Counts `value` `count` times. `unit` is greater than 0 and the same at each call. */
static inline void metrics_observe_times(struct metrics_histogram *histogram, uint64_t value,
                                         uint64_t unit, uint64_t count)
{
    metrics_add(&histogram->counts[metrics_bound_of(value, unit)], count);
    metrics_add(&histogram->sum, value * count);
}

static inline void metrics_observe(struct metrics_histogram *histogram, uint64_t value,
                                   uint64_t unit)
{
    metrics_observe_times(histogram, value, unit, 1);
}

/* The sum over the workers of the counter that stands at `offset` in struct metrics. */
static inline uint64_t metrics_sum(const struct metrics *workers, size_t workers_count,
                                   size_t offset)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < workers_count; i++)
        sum += metrics_read((const struct metrics_counter *)((const char *)&workers[i] + offset));
    return sum;
}
