/* What a thread has received, and whether each message came once and in order.
 *
 * Thread: owner, the thread that receives; others read `count` and `measured`, and everything once
 * that thread has ended.
 */
#pragma once

#include "bench/histogram.h"

#include <jansson.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>

struct bench_tally_faults {
    uint64_t lost;
    uint64_t doubled;
    uint64_t out_of_order;
    uint64_t closed;  /* connections that the server ended */
    uint64_t refused; /* requests that it did not answer with 200 */
};

struct bench_tally {
    alignas(64) atomic_uint_fast64_t count; /* the generator's messages */
    atomic_uint_fast64_t measured;          /* of these, the ones sent at `from_ns` or later */
    uint64_t from_ns;                       /* what was sent before belongs to the warm-up */
    uint64_t now_ns;                        /* when the bytes being read were received */
    size_t hint;                            /* bench/stamp.h */
    struct bench_tally_faults faults;
    struct bench_histogram latency; /* ns */
};

/* Counts one message, which was sent at `sent_ns`. */
void bench_tally_add(struct bench_tally *tally, uint64_t sent_ns);

/* Checks a message's number. `next` is the number due from its sender, `skipped_count` how many
 * numbers the receiver has not seen. */
void bench_tally_check(struct bench_tally *tally, uint32_t number, uint32_t *next,
                       uint64_t *skipped_count);

void bench_tally_merge(struct bench_tally *tally, const struct bench_tally *other);

bool bench_tally_is_clean(const struct bench_tally *tally);

/* Objects that the caller owns: p50, p90, p99 and max in µs; the faults. */
json_t *bench_tally_latency(const struct bench_tally *tally);
json_t *bench_tally_faults(const struct bench_tally *tally);
