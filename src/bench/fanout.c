#include "bench/fanout.h"

#include "bench/channels.h"
#include "bench/connect.h"
#include "bench/drive.h"
#include "bench/publisher.h"

#define CHANNEL "bench-fanout"
/* Events whose publishing was answered and that not all have received: limits what the server must
 * queue for a generator that falls behind. */
#define WINDOW_MIN 64

struct fanout {
    struct bench_pool pool;
    struct bench_receiver_crowd crowd;
    struct bench_receiver_crowd slow; /* they read nothing */
    struct bench_publisher_group group;
    struct bench_tally *answers;
};

static bool send_one(void *user)
{
    return bench_publisher_send(&((struct fanout *)user)->group);
}

static uint64_t count_deliveries(void *user)
{
    return bench_receiver_measured(&((struct fanout *)user)->crowd);
}

static uint64_t count_answers(void *user)
{
    return atomic_load(&((struct fanout *)user)->answers->measured);
}

static bool is_idle(void *user)
{
    return ((struct fanout *)user)->group.waiting_count == 0;
}

static bool open_all(struct bench *bench, struct fanout *fanout, size_t receivers_count)
{
    const size_t in_flight_count = bench->options->in_flight_count;
    const struct bytes channel =
        bytes_of(bench->options->channel ? bench->options->channel : CHANNEL);

    fanout->group = (struct bench_publisher_group){
        .server = bench->options->publishing ? bench->options->publishing : bench->server,
        .pool = &fanout->pool,
        .channel = channel,
        .size_bytes = bench->options->size_bytes,
        .tally = fanout->answers,
        .is_repeating = receivers_count == 0,
    };
    return bench_receiver_open(&fanout->slow, bench->server, &fanout->pool,
                               bench->options->slow_count, 0, bench->error) &&
           bench_receiver_subscribe(&fanout->slow, channel, bench->error) &&
           bench_receiver_open(&fanout->crowd, bench->server, &fanout->pool, receivers_count,
                               in_flight_count, bench->error) &&
           bench_receiver_subscribe(&fanout->crowd, channel, bench->error) &&
           bench_receiver_listen_all(&fanout->crowd, bench->error) &&
           bench_publisher_open(&fanout->group, in_flight_count, bench->error);
}

static void drive(struct bench *bench, struct fanout *fanout)
{
    const size_t window_count = 4 * bench->options->in_flight_count;
    struct bench_drive it = {
        .bench = bench,
        .pool = &fanout->pool,
        .crowd = &fanout->crowd,
        .window_count = window_count > WINDOW_MIN ? window_count : WINDOW_MIN,
        .unit = fanout->crowd.count > 0 ? "delivery" : "request",
        .send = send_one,
        .count = fanout->crowd.count > 0 ? count_deliveries : count_answers,
        .is_idle = is_idle,
        .user = fanout,
    };

    bench_drive_prepare(&it);
    fanout->answers->from_ns = it.from_ns;
    bench_drive_run(&it);
    bench_report_number(bench, "unanswered", (double)fanout->group.waiting_count);
    bench->total->faults.lost += fanout->group.waiting_count;
    bench->total->faults.refused += fanout->answers->faults.refused;
    if (fanout->crowd.count == 0)
        bench->total->latency = fanout->answers->latency;
}

static bool run(struct bench *bench, size_t receivers_count)
{
    static struct bench_tally answers; /* too large for the stack */
    struct fanout fanout = {.answers = &answers};
    struct client_session other = {.stream.fd = -1}; /* subscribed to all other channels */
    bool ok;

    answers = (struct bench_tally){0};
    if (!bench_pool_open(&fanout.pool, bench->options->threads_count))
        return false;
    ok = bench->options->channels_count == 0 || bench_channels_occupy(bench, &other);
    ok = ok && open_all(bench, &fanout, receivers_count);
    if (ok)
        drive(bench, &fanout);
    bench_publisher_close(&fanout.group);
    bench_receiver_close(&fanout.crowd);
    bench_receiver_close(&fanout.slow);
    client_session_close(&other);
    bench_pool_close(&fanout.pool);
    return ok;
}

bool bench_fanout_run(struct bench *bench)
{
    return run(bench, bench->options->connections_count);
}

bool bench_fanout_publish(struct bench *bench)
{
    return bench->options->is_connecting_anew ? bench_connect_publish(bench) : run(bench, 0);
}
