#include "bench/connect.h"

#include "base/mem.h"
#include "bench/publisher.h"
#include "bench/stamp.h"
#include "client/response.h"

#include <string.h>

#define CHANNEL BYTES("bench-connect")
#define SECOND_NS UINT64_C(1000000000)

/* Rounds: in each, all clients connect, in steps of `in_flight_count`, and then all disconnect. */
struct rounds {
    struct bench *bench;
    struct client_session *sessions;
    size_t sessions_count;
    uint64_t connected_count;
    uint64_t connecting_ns; /* the server's CPU time */
    uint64_t disconnecting_ns;
    uint64_t client_ns;
};

static bool subscribe(struct client_session *sessions, size_t count, struct buffer *error)
{
    for (size_t i = 0; i < count; i++)
        if (!client_session_subscribe(&sessions[i], CHANNEL, BYTES_NONE)) {
            buffer_append_text(error, "the server closed the connection");
            return false;
        }
    for (size_t i = 0; i < count; i++)
        if (!client_session_expect(&sessions[i], BYTES("pusher_internal:subscription_succeeded"),
                                   error))
            return false;
    return true;
}

static bool connect_some(struct rounds *rounds, size_t from, size_t count)
{
    struct bench *bench = rounds->bench;
    const uint64_t began_ns = bench_stamp_now_ns();

    for (size_t i = from; i < from + count; i++) {
        if (!client_session_open(&rounds->sessions[i], bench->server, bench->error))
            return false;
        rounds->sessions_count = i + 1;
    }
    for (size_t i = from; i < from + count; i++)
        if (!client_session_greet(&rounds->sessions[i], bench->error))
            return false;
    if (!subscribe(rounds->sessions + from, count, bench->error))
        return false;
    bench->total->now_ns = bench_stamp_now_ns();
    for (size_t i = 0; i < count; i++)
        bench_tally_add(bench->total, began_ns);
    return true;
}

static bool run_round(struct rounds *rounds)
{
    const struct bench_options *options = rounds->bench->options;
    const uint64_t before_ns = bench_server_cpu_ns(rounds->bench);
    uint64_t between_ns;

    for (size_t from = 0; from < options->connections_count; from += options->in_flight_count) {
        const size_t left = options->connections_count - from;

        if (!connect_some(rounds, from,
                          left < options->in_flight_count ? left : options->in_flight_count))
            return false;
    }
    between_ns = bench_server_cpu_ns(rounds->bench);
    rounds->connecting_ns += between_ns - before_ns;
    for (size_t i = 0; i < rounds->sessions_count; i++)
        client_session_end(&rounds->sessions[i]);
    rounds->disconnecting_ns += bench_server_cpu_ns(rounds->bench) - between_ns;
    rounds->connected_count += rounds->sessions_count;
    rounds->sessions_count = 0;
    return true;
}

static void report(const struct rounds *rounds, double seconds)
{
    const struct bench *bench = rounds->bench;
    const double count = (double)rounds->connected_count;

    bench_report_number(bench, "seconds", seconds);
    bench_report_number(bench, "measured", count);
    bench_report_number(bench, "connection_per_s", count / seconds);
    if (bench->options->pid != 0) {
        bench_report_number(bench, "server_cpu_us_per_connection",
                            (double)rounds->connecting_ns / 1000 / count);
        bench_report_number(bench, "server_cpu_us_per_disconnection",
                            (double)rounds->disconnecting_ns / 1000 / count);
    }
    bench_report_number(bench, "client_cpu_us_per_connection",
                        (double)rounds->client_ns / 1000 / count);
}

bool bench_connect_run(struct bench *bench)
{
    const double duration_ns = bench->options->duration_s * (double)SECOND_NS;
    const uint64_t began_ns = bench_stamp_now_ns();
    const uint64_t client_before_ns = bench_process_usage(0).cpu_ns;
    struct rounds rounds = {.bench = bench};
    bool ok;

    rounds.sessions = mem_new(bench->options->connections_count * sizeof *rounds.sessions);
    do {
        ok = run_round(&rounds);
        bench_show_progress(bench, (double)(bench_stamp_now_ns() - began_ns) / (double)SECOND_NS,
                            rounds.connected_count, "connection");
    } while (ok && (double)(bench_stamp_now_ns() - began_ns) < duration_ns);
    rounds.client_ns = bench_process_usage(0).cpu_ns - client_before_ns;
    for (size_t i = 0; i < rounds.sessions_count; i++)
        client_session_close(&rounds.sessions[i]);
    free(rounds.sessions);
    if (ok)
        report(&rounds, (double)(bench_stamp_now_ns() - began_ns) / (double)SECOND_NS);
    return ok;
}

/* --- publishing over connections of their own ----------------------------------------------- */

struct requests {
    struct bench *bench;
    struct client_stream *streams;
    struct buffer request; /* signed anew every second */
    uint64_t signed_ns;
    struct buffer in;
};

static void sign(struct requests *requests, uint64_t now_ns)
{
    struct buffer data = {0};

    if (requests->request.len > 0 && now_ns - requests->signed_ns < SECOND_NS)
        return;
    buffer_clear(&requests->request);
    bench_publisher_append_data(&data, 0, 0, now_ns, requests->bench->options->size_bytes);
    client_request_publish(&requests->request, requests->bench->server, CHANNEL, BYTES("bench"),
                           buffer_bytes(&data));
    buffer_deinit(&data);
    requests->signed_ns = now_ns;
}

/* Waits for the answer; true if it is 200. */
static bool await_answer(struct requests *requests, struct client_stream *stream)
{
    struct client_response response;

    buffer_clear(&requests->in);
    for (;;) {
        const ssize_t used = client_response_parse(buffer_bytes(&requests->in), &response);
        ssize_t len;

        if (used != 0)
            return used > 0 && response.status == 200;
        len = client_stream_read(stream, buffer_reserve(&requests->in, 4096), 4096);
        if (len <= 0)
            return false;
        requests->in.len += (size_t)len;
    }
}

static bool publish_some(struct requests *requests, size_t count)
{
    struct bench *bench = requests->bench;
    const uint64_t began_ns = bench_stamp_now_ns();

    sign(requests, began_ns);
    for (size_t i = 0; i < count; i++) {
        requests->streams[i].fd = -1;
        if (!client_stream_open(&requests->streams[i], bench->server, bench->error))
            return false;
        client_stream_write(&requests->streams[i], buffer_bytes(&requests->request));
    }
    for (size_t i = 0; i < count; i++) {
        if (!await_answer(requests, &requests->streams[i]))
            bench->total->faults.refused++;
        client_stream_close(&requests->streams[i]);
        bench->total->now_ns = bench_stamp_now_ns();
        bench_tally_add(bench->total, began_ns);
    }
    return true;
}

bool bench_connect_publish(struct bench *bench)
{
    const double duration_ns = bench->options->duration_s * (double)SECOND_NS;
    const uint64_t began_ns = bench_stamp_now_ns();
    const struct bench_process_usage server_before = bench_process_usage(bench->options->pid);
    const struct bench_process_usage client_before = bench_process_usage(0);
    const size_t batch_count = bench->options->in_flight_count;
    struct requests requests = {.bench = bench};
    double seconds;
    bool ok;

    requests.streams = mem_new(batch_count * sizeof *requests.streams);
    do {
        ok = publish_some(&requests, batch_count);
        seconds = (double)(bench_stamp_now_ns() - began_ns) / (double)SECOND_NS;
        bench_show_progress(bench, seconds, bench->total->latency.count, "request");
    } while (ok && seconds * (double)SECOND_NS < duration_ns);
    free(requests.streams);
    buffer_deinit(&requests.request);
    buffer_deinit(&requests.in);
    if (!ok)
        return false;
    bench_report_number(bench, "seconds", seconds);
    bench_report_number(bench, "measured", (double)bench->total->latency.count);
    bench_report_number(bench, "request_per_s", (double)bench->total->latency.count / seconds);
    bench_report_usage(bench, &server_before, &client_before, bench->total->latency.count,
                       "request");
    return true;
}
