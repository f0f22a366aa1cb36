#include "bench/tally.h"

/* Only the counter's own thread writes, so no locked instruction is needed. */
static void increase(atomic_uint_fast64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

void bench_tally_add(struct bench_tally *tally, uint64_t sent_ns)
{
    increase(&tally->count);
    if (sent_ns < tally->from_ns)
        return;
    increase(&tally->measured);
    bench_histogram_add(&tally->latency, tally->now_ns > sent_ns ? tally->now_ns - sent_ns : 0);
}

void bench_tally_check(struct bench_tally *tally, uint32_t number, uint32_t *next,
                       uint64_t *skipped_count)
{
    if (number >= *next) {
        *skipped_count += number - *next;
        *next = number + 1;
    } else if (*skipped_count > 0) { /* one that was missing has come late */
        (*skipped_count)--;
        tally->faults.out_of_order++;
    } else {
        tally->faults.doubled++;
    }
}

void bench_tally_merge(struct bench_tally *tally, const struct bench_tally *other)
{
    atomic_store(&tally->count, atomic_load(&tally->count) + atomic_load(&other->count));
    atomic_store(&tally->measured, atomic_load(&tally->measured) + atomic_load(&other->measured));
    tally->faults.lost += other->faults.lost;
    tally->faults.doubled += other->faults.doubled;
    tally->faults.out_of_order += other->faults.out_of_order;
    tally->faults.closed += other->faults.closed;
    tally->faults.refused += other->faults.refused;
    bench_histogram_merge(&tally->latency, &other->latency);
}

bool bench_tally_is_clean(const struct bench_tally *tally)
{
    const struct bench_tally_faults *faults = &tally->faults;

    return faults->lost + faults->doubled + faults->out_of_order + faults->closed +
               faults->refused ==
           0;
}

/* Rounds to a tenth of a microsecond: anything finer is noise. */
static json_t *in_us(uint64_t ns)
{
    const uint64_t tenths = (ns + 50) / 100;

    return json_real((double)tenths / 10);
}

json_t *bench_tally_latency(const struct bench_tally *tally)
{
    const struct bench_histogram *latency = &tally->latency;

    return json_pack("{s:o, s:o, s:o, s:o}", "p50", in_us(bench_histogram_quantile(latency, 0.5)),
                     "p90", in_us(bench_histogram_quantile(latency, 0.9)), "p99",
                     in_us(bench_histogram_quantile(latency, 0.99)), "max", in_us(latency->max));
}

json_t *bench_tally_faults(const struct bench_tally *tally)
{
    const struct bench_tally_faults *faults = &tally->faults;

    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "lost", (json_int_t)faults->lost, "doubled",
                     (json_int_t)faults->doubled, "out_of_order", (json_int_t)faults->out_of_order,
                     "closed", (json_int_t)faults->closed, "refused", (json_int_t)faults->refused);
}
