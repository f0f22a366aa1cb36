#include "bench/herd.h"

#include "bench/members.h"
#include "bench/stamp.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
/* If nothing has come for so long, nothing more is expected. */
#define QUIET_NS (5 * SECOND_NS)
#define WAIT_MS 10

struct herd {
    struct bench *bench;
    struct bench_pool pool;
    struct bench_receiver_crowd crowd;
    bool (*ask)(struct herd *herd, size_t index);
    /* How much of what it waits for the message gives to its receiver. */
    uint64_t (*given)(const struct herd *herd, struct bytes text);
    uint64_t wanted_count; /* by each */
    uint64_t began_ns;
    uint64_t changed_ns; /* when something came last */
    uint64_t count;
};

/* --- a presence channel --------------------------------------------------------------------- */

static bool ask_to_join(struct herd *herd, size_t index)
{
    char user_id[32];
    const int len = snprintf(user_id, sizeof user_id, "%zu", index);

    return bench_members_ask(&herd->crowd.receivers[index].session,
                             (struct bytes){user_id, (size_t)len}, herd->bench->error);
}

/* Each member knows the others by the snapshot that it is sent, or by their joins after it. */
static uint64_t members_given(const struct herd *herd, struct bytes text)
{
    static const struct bytes succeeded =
        BYTES("{\"event\":\"pusher_internal:subscription_succeeded\"");
    static const struct bytes added = BYTES("{\"event\":\"pusher_internal:member_added\"");
    static const char count[] = "count\\\":";
    const char *at;

    (void)herd;
    if (bytes_starts_with(text, added))
        return 1;
    if (!bytes_starts_with(text, succeeded))
        return 0;
    at = memmem(text.data, text.len < 256 ? text.len : 256, count, sizeof count - 1);
    return at == NULL ? 0 : strtoull(at + sizeof count - 1, NULL, 10);
}

/* --- signing in ----------------------------------------------------------------------------- */

/* Nobody is on the watchlist of two users, and nobody on one is there. */
static bool ask_to_sign_in(struct herd *herd, size_t index)
{
    const size_t count = herd->bench->options->watchlist_count;
    struct buffer user = {0};
    bool ok;

    buffer_printf(&user, "{\"id\":\"user-%zu\",\"watchlist\":[", index);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&user, "%s\"%zu\"", i > 0 ? "," : "", index * count + i);
    buffer_append_text(&user, "]}");
    ok = client_session_signin(&herd->crowd.receivers[index].session, buffer_bytes(&user));
    buffer_deinit(&user);
    if (!ok)
        buffer_append_text(herd->bench->error, "the server closed the connection");
    return ok;
}

static uint64_t signin_given(const struct herd *herd, struct bytes text)
{
    (void)herd;
    return bytes_starts_with(text, BYTES("{\"event\":\"pusher:signin_success\""));
}

/* --- both ----------------------------------------------------------------------------------- */

struct reading {
    struct herd *herd;
    struct bench_receiver *receiver;
};

static void on_text(void *user, struct bytes text)
{
    struct herd *herd = ((struct reading *)user)->herd;
    struct bench_receiver *receiver = ((struct reading *)user)->receiver;
    const uint64_t given = herd->given(herd, text);

    if (given == 0) {
        herd->bench->total->faults.refused +=
            bytes_starts_with(text, BYTES("{\"event\":\"pusher:error\""));
        return;
    }
    herd->changed_ns = receiver->tally->now_ns;
    if (receiver->received_count == 0) /* answered */
        bench_tally_add(receiver->tally, herd->began_ns);
    receiver->received_count += given;
    herd->count += given;
}

static void on_readable(struct bench_pool_source *source, struct bench_pool_thread *thread)
{
    struct bench_receiver *receiver = (struct bench_receiver *)source;
    struct reading reading = {thread->pool->user, receiver};

    receiver->tally->now_ns = bench_stamp_now_ns();
    if (client_session_receive(&receiver->session, thread->scratch, BENCH_POOL_SCRATCH_LEN, on_text,
                               &reading))
        return;
    bench_pool_remove(thread, source);
    receiver->tally->faults.closed++;
}

static int on_turn(void *user)
{
    struct herd *herd = user;
    const uint64_t now_ns = bench_stamp_now_ns();

    bench_show_progress(herd->bench, (double)(now_ns - herd->began_ns) / (double)SECOND_NS,
                        bench_receiver_count(&herd->crowd), "answer");
    if (herd->count >= herd->wanted_count * herd->crowd.count ||
        now_ns - herd->changed_ns > QUIET_NS)
        bench_pool_stop(&herd->pool);
    return WAIT_MS;
}

static bool ask_all(struct herd *herd)
{
    for (size_t i = 0; i < herd->crowd.count; i++)
        if (!herd->ask(herd, i))
            return false;
    return true;
}

static bool measure(struct herd *herd, const char *unit)
{
    struct bench *bench = herd->bench;
    const struct bench_process_usage server_before = bench_process_usage(bench->options->pid);
    const struct bench_process_usage client_before = bench_process_usage(0);

    bench_begin_usage(bench);
    herd->began_ns = bench_stamp_now_ns();
    herd->changed_ns = herd->began_ns;
    if (!ask_all(herd))
        return false;
    herd->changed_ns = bench_stamp_now_ns();
    bench_pool_run(&herd->pool, on_turn, herd);
    bench_report_number(bench, "seconds",
                        (double)(bench_stamp_now_ns() - herd->began_ns) / (double)SECOND_NS);
    bench_report_number(bench, "measured", (double)herd->crowd.count);
    bench_report_usage(bench, &server_before, &client_before, herd->crowd.count, unit);
    bench_report_growth(bench, &server_before);
    bench_receiver_reconcile(&herd->crowd, herd->wanted_count, bench->total);
    return true;
}

static bool listen_all(struct herd *herd)
{
    if (!bench_receiver_listen_all(&herd->crowd, herd->bench->error))
        return false;
    for (size_t i = 0; i < herd->crowd.count; i++)
        herd->crowd.receivers[i].source.on_readable = on_readable;
    return true;
}

static bool run(struct herd *herd, const char *unit)
{
    struct bench *bench = herd->bench;
    bool ok;

    /* One thread, so that `count` needs no lock. */
    if (!bench_pool_open(&herd->pool, 1))
        return false;
    herd->pool.user = herd;
    ok = bench_receiver_open(&herd->crowd, bench->server, &herd->pool,
                             bench->options->connections_count, 1, bench->error) &&
         listen_all(herd) && measure(herd, unit);
    bench_receiver_close(&herd->crowd);
    bench_pool_close(&herd->pool);
    return ok;
}

bool bench_herd_run(struct bench *bench)
{
    struct herd herd = {
        .bench = bench,
        .ask = ask_to_join,
        .given = members_given,
        .wanted_count = bench->options->connections_count,
    };

    return run(&herd, "join");
}

bool bench_herd_signin(struct bench *bench)
{
    struct herd herd = {
        .bench = bench, .ask = ask_to_sign_in, .given = signin_given, .wanted_count = 1};

    return run(&herd, "signin");
}
