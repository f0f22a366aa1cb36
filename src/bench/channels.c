#include "bench/channels.h"

#include "base/check.h"
#include "bench/stamp.h"
#include "client/session.h"

/* How many subscriptions are on their way at one time. */
#define BATCH 100

struct phase {
    struct bench_process_usage server;
    uint64_t began_ns;
};

static struct phase begin(const struct bench *bench)
{
    return (struct phase){bench_process_usage(bench->options->pid), bench_stamp_now_ns()};
}

static void report(const struct bench *bench, const struct phase *phase, const char *what)
{
    const struct bench_process_usage server = bench_process_usage(bench->options->pid);
    const double count = (double)bench->options->connections_count;
    char name[64];

    snprintf(name, sizeof name, "server_cpu_us_per_%s", what);
    if (bench->options->pid != 0)
        bench_report_number(bench, name,
                            (double)(server.cpu_ns - phase->server.cpu_ns) / 1000 / count);
    snprintf(name, sizeof name, "%s_us", what);
    bench_report_number(bench, name,
                        (double)(bench_stamp_now_ns() - phase->began_ns) / 1000 / count);
}

/* The channel's name holds its number; it names the same channel each time. */
static void append_channel(struct buffer *out, size_t number)
{
    char stamp[BENCH_STAMP_LEN];

    bench_stamp_write(stamp, (struct bench_stamp){0, (uint32_t)number, 0});
    buffer_append_text(out, "bench-");
    buffer_append(out, stamp, sizeof stamp);
}

static bool send_all(struct client_session *session, size_t from, size_t to, const char *event)
{
    struct buffer text = {0};
    bool ok = true;

    for (size_t i = from; ok && i < to; i++) {
        buffer_clear(&text);
        buffer_printf(&text, "{\"event\":\"%s\",\"data\":{\"channel\":\"", event);
        append_channel(&text, i);
        buffer_append_text(&text, "\"}}");
        ok = client_session_send(session, buffer_bytes(&text));
    }
    buffer_deinit(&text);
    return ok;
}

/* Answers come in the order of the questions, each once. */
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

static bool subscribe(struct bench *bench, struct client_session *session)
{
    const size_t count = bench->options->connections_count;

    for (size_t from = 0; from < count; from += BATCH) {
        const size_t to = from + BATCH < count ? from + BATCH : count;

        if (!send_all(session, from, to, "pusher:subscribe") ||
            !await_answers(bench, session, from, to))
            return false;
        bench_show_progress(bench, 0, to, "channel");
    }
    return true;
}

/* Nothing answers to it: a ping of ours behind them tells that they are done. */
static bool unsubscribe(struct bench *bench, struct client_session *session)
{
    const size_t count = bench->options->connections_count;

    for (size_t from = 0; from < count; from += BATCH) {
        const size_t to = from + BATCH < count ? from + BATCH : count;

        if (!send_all(session, from, to, "pusher:unsubscribe") ||
            !client_session_send(session, BYTES("{\"event\":\"pusher:ping\",\"data\":{}}")) ||
            !client_session_expect(session, BYTES("pusher:pong"), bench->error))
            return false;
    }
    return true;
}

static bool run(struct bench *bench, struct client_session *session)
{
    struct phase phase;

    if (!client_session_greet(session, bench->error))
        return false;
    phase = begin(bench);
    if (!subscribe(bench, session))
        return false;
    report(bench, &phase, "subscription");
    phase = begin(bench);
    if (!unsubscribe(bench, session))
        return false;
    report(bench, &phase, "unsubscription");
    if (!subscribe(bench, session))
        return false;
    phase = begin(bench);
    client_session_end(session);
    report(bench, &phase, "channel_closed");
    bench_report_number(bench, "measured", (double)bench->options->connections_count);
    return true;
}

bool bench_channels_run(struct bench *bench)
{
    struct client_session session;
    bool ok;

    CHECK(bench->options->connections_count <= UINT32_MAX);
    if (!client_session_open(&session, bench->server, bench->error))
        return false;
    ok = run(bench, &session);
    client_session_close(&session);
    return ok;
}
