#include "bench/churn.h"

#include "base/mem.h"
#include "bench/drive.h"
#include "bench/members.h"
#include "bench/stamp.h"

#define LEAVE BYTES("{\"event\":\"pusher:unsubscribe\",\"data\":{\"channel\":\"presence-bench\"}}")
/* Behind each leaving: a client that is gone again before it was answered is not answered. */
#define PING BYTES("{\"event\":\"pusher:ping\",\"data\":{}}")

/* A client that comes and goes. */
struct churner {
    struct bench_pool_source source;
    struct client_session session;
    struct churn *churn;
    uint32_t index;
    uint32_t number;      /* of its next join */
    size_t waiting_count; /* joins whose ping was not answered yet */
};

struct churn {
    struct bench *bench;
    struct bench_pool pool;
    struct bench_receiver_crowd crowd; /* the members who stay */
    struct churner *churners;
    size_t churners_count;
    size_t turn; /* whose join is next */
    uint64_t from_ns;
    uint64_t measured_count;
    size_t waiting_count;
    uint64_t closed_count;
};

static void on_text(void *user, struct bytes text)
{
    struct churner *churner = user;

    if (!bytes_starts_with(text, BYTES("{\"event\":\"pusher:pong\"")) ||
        churner->waiting_count == 0)
        return;
    churner->waiting_count--;
    churner->churn->waiting_count--;
    churner->churn->measured_count += bench_stamp_now_ns() >= churner->churn->from_ns;
}

static void on_readable(struct bench_pool_source *source, struct bench_pool_thread *thread)
{
    struct churner *churner = (struct churner *)source;

    if (client_session_receive(&churner->session, thread->scratch, BENCH_POOL_SCRATCH_LEN, on_text,
                               churner))
        return;
    bench_pool_remove(thread, source);
    churner->churn->closed_count++;
    churner->churn->waiting_count -= churner->waiting_count;
    churner->waiting_count = SIZE_MAX; /* it sends nothing more */
}

/* The user's id is the stamp of the join, so that the members that are notified can measure it. */
static bool join_and_leave(struct churner *churner)
{
    char stamp[BENCH_STAMP_LEN];
    struct buffer error = {0};
    bool ok;

    bench_stamp_write(
        stamp, (struct bench_stamp){churner->index, churner->number++, bench_stamp_now_ns()});
    churner->waiting_count++;
    churner->churn->waiting_count++;
    ok = bench_members_ask(&churner->session, (struct bytes){stamp, sizeof stamp}, &error) &&
         client_session_send(&churner->session, LEAVE) &&
         client_session_send(&churner->session, PING);
    buffer_deinit(&error);
    return ok;
}

static bool send_one(void *user)
{
    struct churn *churn = user;

    for (size_t i = 0; i < churn->churners_count; i++) {
        struct churner *churner = &churn->churners[churn->turn];

        churn->turn = (churn->turn + 1) % churn->churners_count;
        if (churner->waiting_count < churn->bench->options->in_flight_count)
            return join_and_leave(churner);
    }
    return false;
}

static uint64_t count_joins(void *user)
{
    return ((struct churn *)user)->measured_count;
}

static bool is_idle(void *user)
{
    return ((struct churn *)user)->waiting_count == 0;
}

static bool open_churner(struct churn *churn, size_t index)
{
    struct churner *churner = &churn->churners[index];

    churner->churn = churn;
    churner->index = (uint32_t)index;
    if (!client_session_open(&churner->session, churn->bench->server, churn->bench->error))
        return false;
    churn->churners_count = index + 1;
    if (!client_session_greet(&churner->session, churn->bench->error))
        return false;
    client_stream_stop_waiting(&churner->session.stream);
    churner->source.on_readable = on_readable;
    churner->source.reads_all = true;
    churner->source.fd = churner->session.stream.fd;
    /* All in the first thread, which sends, too. */
    return bench_pool_add(&churn->pool, 0, &churner->source);
}

static bool open_all(struct churn *churn)
{
    const struct bench_options *options = churn->bench->options;

    if (!bench_receiver_open(&churn->crowd, churn->bench->server, &churn->pool,
                             options->members_count, options->connections_count,
                             churn->bench->error) ||
        !bench_members_join(churn->bench, &churn->crowd, options->members_count))
        return false;
    churn->churners = mem_new(options->connections_count * sizeof *churn->churners);
    for (size_t i = 0; i < options->connections_count; i++)
        if (!open_churner(churn, i))
            return false;
    return true;
}

static void drive(struct churn *churn)
{
    struct bench *bench = churn->bench;
    struct bench_drive it = {
        .bench = bench,
        .pool = &churn->pool,
        .crowd = &churn->crowd,
        .window_count = 4 * bench->options->in_flight_count * churn->churners_count,
        .unit = "join",
        .send = send_one,
        .count = count_joins,
        .is_idle = is_idle,
        .user = churn,
    };

    bench_drive_prepare(&it);
    churn->from_ns = it.from_ns;
    bench_drive_run(&it);
    bench->total->faults.lost += churn->waiting_count;
    bench->total->faults.closed += churn->closed_count;
}

bool bench_churn_run(struct bench *bench)
{
    struct churn churn = {.bench = bench};
    bool ok;

    if (!bench_pool_open(&churn.pool, bench->options->threads_count))
        return false;
    ok = open_all(&churn);
    if (ok)
        drive(&churn);
    for (size_t i = 0; i < churn.churners_count; i++)
        client_session_close(&churn.churners[i].session);
    free(churn.churners);
    bench_receiver_close(&churn.crowd);
    bench_pool_close(&churn.pool);
    return ok;
}
