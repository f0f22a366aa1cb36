#include "bench/presence.h"

#include "bench/receiver.h"
#include "bench/stamp.h"

#define CHANNEL BYTES("presence-bench")
#define SUCCEEDED BYTES("pusher_internal:subscription_succeeded")
#define SECOND_NS UINT64_C(1000000000)

struct presence {
    struct bench *bench;
    struct bench_pool pool;
    struct bench_receiver_crowd crowd;
    size_t joined_count;
    uint64_t began_ns;
    uint64_t joined_ns; /* the last one */
    bool has_failed;
};

/* Each user's id is the stamp of the join, which those that are there already are told. */
static bool join(struct presence *presence, size_t index)
{
    struct client_session *session = &presence->crowd.receivers[index].session;
    char stamp[BENCH_STAMP_LEN];
    struct buffer channel_data = {0};
    struct buffer *error = presence->bench->error;
    bool ok;

    bench_stamp_write(stamp, (struct bench_stamp){0, (uint32_t)index, bench_stamp_now_ns()});
    buffer_append_text(&channel_data, "{\"user_id\":\"");
    buffer_append(&channel_data, stamp, sizeof stamp);
    buffer_append_text(&channel_data, "\",\"user_info\":{\"name\":\"A user\"}}");
    ok = client_session_subscribe(session, CHANNEL, buffer_bytes(&channel_data)) &&
         client_session_expect(session, SUCCEEDED, error);
    buffer_deinit(&channel_data);
    presence->crowd.receivers[index].next[0] = (uint32_t)index + 1;
    return ok && bench_receiver_listen(&presence->crowd, index, error);
}

/* What `joined_count` joins make the others hear. */
static uint64_t expected_count(uint64_t joined_count)
{
    return joined_count * (joined_count - 1) / 2;
}

/* The next one joins when all have heard of the one before. */
static int on_turn(void *user)
{
    struct presence *presence = user;
    const uint64_t now_ns = bench_stamp_now_ns();
    const bool is_complete =
        presence->joined_count == 0 ||
        bench_receiver_count(&presence->crowd) >= expected_count(presence->joined_count);

    bench_show_progress(presence->bench, (double)(now_ns - presence->began_ns) / (double)SECOND_NS,
                        presence->joined_count, "join");
    if (!is_complete) {
        if (now_ns - presence->joined_ns > 5 * SECOND_NS)
            bench_pool_stop(&presence->pool); /* what is missing is found when it is settled */
        return 1;
    }
    if (presence->joined_count == presence->crowd.count) {
        bench_pool_stop(&presence->pool);
        return 0;
    }
    presence->joined_ns = now_ns;
    if (!join(presence, presence->joined_count)) {
        presence->has_failed = true;
        bench_pool_stop(&presence->pool);
        return 0;
    }
    presence->joined_count++;
    return 0;
}

static void settle(struct presence *presence)
{
    struct bench_tally *total = presence->bench->total;
    const uint64_t expected = expected_count(presence->crowd.count);

    bench_receiver_settle(&presence->crowd, 0, total);
    if (total->count < expected)
        total->faults.lost += expected - total->count;
}

static void run(struct presence *presence)
{
    struct bench *bench = presence->bench;
    const struct bench_process_usage server_before = bench_process_usage(bench->options->pid);
    const struct bench_process_usage client_before = bench_process_usage(0);
    double seconds;

    presence->began_ns = bench_stamp_now_ns();
    bench_pool_run(&presence->pool, on_turn, presence);
    seconds = (double)(bench_stamp_now_ns() - presence->began_ns) / (double)SECOND_NS;
    if (presence->has_failed)
        return;
    settle(presence);
    bench_report_number(bench, "seconds", seconds);
    bench_report_number(bench, "measured", (double)presence->joined_count);
    bench_report_number(bench, "join_per_s", (double)presence->joined_count / seconds);
    bench_report_number(bench, "deliveries", (double)bench->total->count);
    bench_report_usage(bench, &server_before, &client_before, presence->joined_count, "join");
}

bool bench_presence_run(struct bench *bench)
{
    struct presence presence = {.bench = bench};
    bool ok;

    if (!bench_pool_open(&presence.pool, bench->options->threads_count))
        return false;
    ok = bench_receiver_open(&presence.crowd, bench->server, &presence.pool,
                             bench->options->connections_count, 1, bench->error);
    if (ok)
        run(&presence);
    bench_receiver_close(&presence.crowd);
    bench_pool_close(&presence.pool);
    return ok && !presence.has_failed;
}
