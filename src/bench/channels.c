#include "bench/channels.h"

#include "base/check.h"
#include "bench/stamp.h"
#include "client/frame.h"

/* How many subscriptions are in flight at one time. */
#define BATCH 100

#define SECOND_NS UINT64_C(1000000000)

/* What a phase used in all rounds. */
struct phase {
    uint64_t server_ns; /* CPU time */
    uint64_t passed_ns;
};

enum { SUBSCRIPTION, UNSUBSCRIPTION, DISCONNECTION, PHASES_COUNT };

struct rounds {
    struct bench *bench;
    struct client_session session;
    struct phase phases[PHASES_COUNT];
    size_t count;
};

/* The channel's name holds its number, and is the same in each round. */
static void append_channel(struct buffer *out, size_t number)
{
    char stamp[BENCH_STAMP_LEN];

    bench_stamp_write(stamp, (struct bench_stamp){0, (uint32_t)number, 0});
    buffer_append_text(out, "bench-");
    buffer_append(out, stamp, sizeof stamp);
}

/* In one write, so that the server's work is measured, not how often it wakes up. */
static bool send_all(struct client_session *session, size_t from, size_t to, const char *event)
{
    struct buffer text = {0};
    struct buffer frames = {0};
    bool ok;

    for (size_t i = from; i < to; i++) {
        buffer_clear(&text);
        buffer_printf(&text, "{\"event\":\"%s\",\"data\":{\"channel\":\"", event);
        append_channel(&text, i);
        buffer_append_text(&text, "\"}}");
        client_frame_append(&frames, WS_FRAME_TEXT, buffer_bytes(&text));
    }
    ok = client_stream_write(&session->stream, buffer_bytes(&frames));
    buffer_deinit(&frames);
    buffer_deinit(&text);
    return ok;
}

/* Checks that the answers come in the order of the requests, each once. */
static bool await_answers(struct bench *bench, struct client_session *session, size_t from,
                          size_t to)
{
    uint64_t skipped_count = 0;
    uint32_t next = (uint32_t)from;
    struct bytes text;
    size_t hint = 0;

    for (size_t i = from; i < to; i++) {
        struct bench_stamp stamp;

        if (!client_session_next(session, &text, bench->error))
            return false;
        if (bench_stamp_find(text, &hint, &stamp))
            bench_tally_check(bench->total, stamp.number, &next, &skipped_count);
        else
            bench->total->faults.refused++;
    }
    bench->total->faults.lost += skipped_count;
    return true;
}

static bool subscribe(struct bench *bench, struct client_session *session, size_t count)
{
    for (size_t from = 0; from < count; from += BATCH) {
        const size_t to = from + BATCH < count ? from + BATCH : count;

        if (!send_all(session, from, to, "pusher:subscribe") ||
            !await_answers(bench, session, from, to))
            return false;
        bench_show_progress(bench, 0, to, "channel");
    }
    return true;
}

/* The server does not answer an unsubscription: the pong for a ping behind them shows that they are
 * done. */
static bool unsubscribe(struct bench *bench, struct client_session *session, size_t count)
{
    for (size_t from = 0; from < count; from += BATCH) {
        const size_t to = from + BATCH < count ? from + BATCH : count;

        if (!send_all(session, from, to, "pusher:unsubscribe") ||
            !client_session_send(session, BYTES("{\"event\":\"pusher:ping\",\"data\":{}}")) ||
            !client_session_expect(session, BYTES("pusher:pong"), bench->error))
            return false;
    }
    return true;
}

static bool run_phase(struct rounds *rounds, int phase)
{
    struct bench *bench = rounds->bench;
    const size_t count = bench->options->connections_count;
    const uint64_t server_before_ns = bench_server_cpu_ns(bench);
    const uint64_t began_ns = bench_stamp_now_ns();
    bool ok = true;

    if (phase == SUBSCRIPTION)
        ok = subscribe(bench, &rounds->session, count);
    else if (phase == UNSUBSCRIPTION)
        ok = unsubscribe(bench, &rounds->session, count);
    else
        client_session_end(&rounds->session);
    rounds->phases[phase].passed_ns += bench_stamp_now_ns() - began_ns;
    rounds->phases[phase].server_ns += bench_server_cpu_ns(bench) - server_before_ns;
    return ok;
}

static bool run_round(struct rounds *rounds)
{
    struct bench *bench = rounds->bench;
    bool ok;

    if (!client_session_open(&rounds->session, bench->server, bench->error))
        return false;
    ok = client_session_greet(&rounds->session, bench->error) && run_phase(rounds, SUBSCRIPTION) &&
         run_phase(rounds, UNSUBSCRIPTION) &&
         subscribe(bench, &rounds->session, bench->options->connections_count) &&
         run_phase(rounds, DISCONNECTION);
    client_session_close(&rounds->session);
    rounds->count++;
    return ok;
}

static void report_phase(const struct rounds *rounds, const char *unit, int phase, double count)
{
    const struct bench *bench = rounds->bench;
    char name[64];

    snprintf(name, sizeof name, "server_cpu_us_per_%s", unit);
    if (bench->options->pid != 0)
        bench_report_number(bench, name, (double)rounds->phases[phase].server_ns / 1000 / count);
    snprintf(name, sizeof name, "%s_us", unit);
    bench_report_number(bench, name, (double)rounds->phases[phase].passed_ns / 1000 / count);
}

bool bench_channels_run(struct bench *bench)
{
    const double duration_ns = bench->options->duration_s * (double)SECOND_NS;
    const uint64_t client_before_ns = bench_process_usage(0).cpu_ns;
    const uint64_t began_ns = bench_stamp_now_ns();
    struct rounds rounds = {.bench = bench};
    double count;

    CHECK(bench->options->connections_count <= UINT32_MAX);
    do
        if (!run_round(&rounds))
            return false;
    while ((double)(bench_stamp_now_ns() - began_ns) < duration_ns);
    count = (double)rounds.count * (double)bench->options->connections_count;
    bench_report_number(bench, "measured", count);
    report_phase(&rounds, "subscription", SUBSCRIPTION, count);
    report_phase(&rounds, "unsubscription", UNSUBSCRIPTION, count);
    report_phase(&rounds, "channel_closed", DISCONNECTION, count);
    report_phase(&rounds, "disconnection", DISCONNECTION, (double)rounds.count);
    bench_report_number(bench, "client_cpu_us_per_channel",
                        (double)(bench_process_usage(0).cpu_ns - client_before_ns) / 1000 / count);
    return true;
}

bool bench_channels_occupy(struct bench *bench, struct client_session *session)
{
    return client_session_open(session, bench->server, bench->error) &&
           client_session_greet(session, bench->error) &&
           subscribe(bench, session, bench->options->channels_count);
}
