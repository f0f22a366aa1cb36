/* What the server counts. Each worker counts for itself; whoever asks adds the workers up.
 *
 * Thread: a counter is added to by its worker only, and read by any.
 */
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic(uint64_t) metrics_counter;

struct metrics {
    alignas(64) metrics_counter connections_opened; /* WebSockets, since the start */
    metrics_counter connections_closed;
    metrics_counter messages_received; /* from clients */
    metrics_counter messages_sent;     /* to clients, each receiver counted */
    metrics_counter events_published;  /* by the API */
    metrics_counter requests_handled;  /* HTTP */
    metrics_counter slow_readers_closed;
    metrics_counter stale_closed;
};

/* One writer, so that no locked instruction is needed. */
static inline void metrics_add(metrics_counter *counter, uint64_t count)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

static inline uint64_t metrics_read(const metrics_counter *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}
