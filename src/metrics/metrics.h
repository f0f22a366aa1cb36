/* What the server counts. Each worker counts for itself; whoever asks adds the workers up.
 *
 * Thread: a counter is added to by its worker only, and read by any.
 */
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

struct metrics_counter {
    _Atomic(uint64_t) value;
};

struct metrics {
    alignas(64) struct metrics_counter connections_opened; /* WebSockets, since the start */
    struct metrics_counter connections_closed;
    struct metrics_counter messages_received; /* from clients */
    struct metrics_counter messages_sent;     /* to clients, each receiver counted */
    struct metrics_counter events_published;  /* by the API */
    struct metrics_counter requests_handled;  /* HTTP */
    struct metrics_counter slow_readers_closed;
    struct metrics_counter stale_closed;
};

/* One writer, so that no locked instruction is needed. */
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
