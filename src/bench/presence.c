#include "bench/presence.h"

#include "bench/members.h"
#include "bench/stamp.h"

#define SECOND_NS UINT64_C(1000000000)

struct presence {
    struct bench *bench;
    struct bench_pool pool;
    struct bench_receiver_crowd crowd;
    size_t before_count; /* members that joined before: the first of the crowd */
    size_t joined_count; /* members that joined after them */
    uint64_t began_ns;
    uint64_t joined_ns; /* when the last one joined */
    bool has_failed;
};

/* Each user's id is the stamp of the join, so that the members that are notified can measure it. */
static bool join(struct presence *presence, size_t number)
{
    const size_t index = presence->before_count + number;
    struct client_session *session = &presence->crowd.receivers[index].session;
    char stamp[BENCH_STAMP_LEN];
    struct buffer *error = presence->bench->error;

    bench_stamp_write(stamp, (struct bench_stamp){0, (uint32_t)number, bench_stamp_now_ns()});
    if (!bench_members_ask(session, (struct bytes){stamp, sizeof stamp}, error) ||
        !client_session_expect(session, BENCH_MEMBERS_SUCCEEDED, error))
        return false;
    presence->crowd.receivers[index].next[0] = (uint32_t)number + 1;
    return bench_receiver_listen(&presence->crowd, index, error);
}

static bool fill(struct presence *presence)
{
    struct bench *bench = presence->bench;
    const size_t count = presence->before_count;
    const uint64_t before_ns = bench_server_cpu_ns(bench);

    if (!bench_members_join(bench, &presence->crowd, count))
        return false;
    if (bench->options->pid != 0 && count > 0)
        bench_report_number(bench, "server_cpu_us_per_member_before",
                            (double)(bench_server_cpu_ns(bench) - before_ns) / 1000 /
                                (double)count);
    return true;
}

/* How many notifications `joined_count` joins cause. */
static uint64_t expected_count(const struct presence *presence)
{
    const uint64_t joined_count = presence->joined_count;

    return joined_count * presence->before_count +
           (joined_count > 0 ? joined_count * (joined_count - 1) / 2 : 0);
}

/* The next user joins when all have been notified of the one before. */
static int on_turn(void *user)
{
    struct presence *presence = user;
    const uint64_t now_ns = bench_stamp_now_ns();
    const bool is_complete = bench_receiver_count(&presence->crowd) >= expected_count(presence);

    bench_show_progress(presence->bench, (double)(now_ns - presence->began_ns) / (double)SECOND_NS,
                        presence->joined_count, "join");
    if (!is_complete) {
        if (now_ns - presence->joined_ns > 5 * SECOND_NS)
            bench_pool_stop(&presence->pool); /* the rest counts as lost */
        return 1;
    }
    if (presence->joined_count == presence->crowd.count - presence->before_count) {
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

static void reconcile(struct presence *presence)
{
    struct bench_tally *total = presence->bench->total;
    const uint64_t expected = expected_count(presence);

    bench_receiver_reconcile(&presence->crowd, 0, total);
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
    reconcile(presence);
    bench_report_number(bench, "seconds", seconds);
    bench_report_number(bench, "measured", (double)presence->joined_count);
    bench_report_number(bench, "join_per_s", (double)presence->joined_count / seconds);
    bench_report_number(bench, "deliveries", (double)bench->total->count);
    bench_report_usage(bench, &server_before, &client_before, presence->joined_count, "join");
}

bool bench_presence_run(struct bench *bench)
{
    struct presence presence = {.bench = bench, .before_count = bench->options->members_count};
    bool ok;

    if (!bench_pool_open(&presence.pool, bench->options->threads_count))
        return false;
    ok = bench_receiver_open(&presence.crowd, bench->server, &presence.pool,
                             presence.before_count + bench->options->connections_count, 1,
                             bench->error) &&
         fill(&presence);
    if (ok)
        run(&presence);
    bench_receiver_close(&presence.crowd);
    bench_pool_close(&presence.pool);
    return ok && !presence.has_failed;
}
