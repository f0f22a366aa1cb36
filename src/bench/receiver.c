#include "bench/receiver.h"

#include "base/mem.h"
#include "bench/stamp.h"

#include <errno.h>
#include <string.h>

/* How many receivers are between two steps at one time. */
#define BATCH 64

static void on_text(void *user, struct bytes text)
{
    struct bench_receiver *receiver = user;
    struct bench_stamp stamp;

    /* A member's leaving has the stamp of its joining. */
    if (bytes_starts_with(text, BYTES("{\"event\":\"pusher_internal:member_removed\"")))
        return;
    if (!bench_stamp_find(text, &receiver->tally->hint, &stamp))
        return;
    receiver->received_count++;
    bench_tally_check(receiver->tally, stamp.number, &receiver->next[stamp.sender],
                      &receiver->skipped_count);
    bench_tally_add(receiver->tally, stamp.sent_ns);
}

static void on_readable(struct bench_pool_source *source, struct bench_pool_thread *thread)
{
    struct bench_receiver *receiver = (struct bench_receiver *)source;

    receiver->tally->now_ns = bench_stamp_now_ns();
    if (client_session_receive(&receiver->session, thread->scratch, BENCH_POOL_SCRATCH_LEN, on_text,
                               receiver))
        return;
    bench_pool_remove(thread, source);
    receiver->tally->faults.closed++;
}

static bool open_batch(struct bench_receiver_crowd *crowd, const struct client_server *server,
                       size_t from, size_t to, struct buffer *error)
{
    for (size_t i = from; i < to; i++) {
        if (!client_session_open(&crowd->receivers[i].session, server, error))
            return false;
        crowd->count = i + 1;
    }
    for (size_t i = from; i < to; i++)
        if (!client_session_greet(&crowd->receivers[i].session, error))
            return false;
    return true;
}

bool bench_receiver_open(struct bench_receiver_crowd *crowd, const struct client_server *server,
                         struct bench_pool *pool, size_t count, size_t senders_count,
                         struct buffer *error)
{
    *crowd = (struct bench_receiver_crowd){.senders_count = senders_count, .pool = pool};
    crowd->receivers = mem_new((count + 1) * sizeof *crowd->receivers);
    crowd->next = mem_new((count + 1) * (senders_count + 1) * sizeof *crowd->next);
    crowd->tallies =
        aligned_alloc(alignof(struct bench_tally), pool->threads_count * sizeof *crowd->tallies);
    memset(crowd->tallies, 0, pool->threads_count * sizeof *crowd->tallies);
    for (size_t i = 0; i < count; i++) {
        crowd->receivers[i].next = crowd->next + i * senders_count;
        crowd->receivers[i].tally = &crowd->tallies[i % pool->threads_count];
    }
    for (size_t from = 0; from < count; from += BATCH)
        if (!open_batch(crowd, server, from, from + BATCH < count ? from + BATCH : count, error))
            return false;
    return true;
}

bool bench_receiver_subscribe(struct bench_receiver_crowd *crowd, struct bytes channel,
                              struct buffer *error)
{
    static const struct bytes succeeded = BYTES("pusher_internal:subscription_succeeded");

    for (size_t from = 0; from < crowd->count; from += BATCH) {
        const size_t to = from + BATCH < crowd->count ? from + BATCH : crowd->count;

        for (size_t i = from; i < to; i++)
            if (!client_session_subscribe(&crowd->receivers[i].session, channel, BYTES_NONE)) {
                buffer_append_text(error, "the server closed the connection");
                return false;
            }
        for (size_t i = from; i < to; i++)
            if (!client_session_expect(&crowd->receivers[i].session, succeeded, error))
                return false;
    }
    return true;
}

bool bench_receiver_listen(struct bench_receiver_crowd *crowd, size_t index, struct buffer *error)
{
    struct bench_receiver *receiver = &crowd->receivers[index];

    client_stream_stop_waiting(&receiver->session.stream);
    receiver->source.on_readable = on_readable;
    receiver->source.reads_all = true;
    receiver->source.fd = receiver->session.stream.fd;
    if (bench_pool_add(crowd->pool, index, &receiver->source))
        return true;
    buffer_append_text(error, strerror(errno));
    return false;
}

bool bench_receiver_listen_all(struct bench_receiver_crowd *crowd, struct buffer *error)
{
    for (size_t i = 0; i < crowd->count; i++)
        if (!bench_receiver_listen(crowd, i, error))
            return false;
    return true;
}

uint64_t bench_receiver_count(const struct bench_receiver_crowd *crowd)
{
    uint64_t count = 0;

    for (size_t i = 0; i < crowd->pool->threads_count; i++)
        count += atomic_load_explicit(&crowd->tallies[i].count, memory_order_relaxed);
    return count;
}

uint64_t bench_receiver_measured(const struct bench_receiver_crowd *crowd)
{
    uint64_t count = 0;

    for (size_t i = 0; i < crowd->pool->threads_count; i++)
        count += atomic_load_explicit(&crowd->tallies[i].measured, memory_order_relaxed);
    return count;
}

void bench_receiver_measure_from(struct bench_receiver_crowd *crowd, uint64_t from_ns)
{
    for (size_t i = 0; i < crowd->pool->threads_count; i++)
        crowd->tallies[i].from_ns = from_ns;
}

void bench_receiver_reconcile(struct bench_receiver_crowd *crowd, uint64_t sent_count,
                              struct bench_tally *tally)
{
    for (size_t i = 0; i < crowd->count; i++) {
        const struct bench_receiver *receiver = &crowd->receivers[i];

        if (receiver->received_count < sent_count)
            tally->faults.lost += sent_count - receiver->received_count;
    }
    for (size_t i = 0; i < crowd->pool->threads_count; i++)
        bench_tally_merge(tally, &crowd->tallies[i]);
}

void bench_receiver_close(struct bench_receiver_crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++)
        client_session_close(&crowd->receivers[i].session);
    free(crowd->receivers);
    free(crowd->next);
    free(crowd->tallies);
    *crowd = (struct bench_receiver_crowd){0};
}
