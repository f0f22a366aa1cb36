#include "bench/run.h"

#include "base/mem.h"
#include "bench/channels.h"
#include "bench/churn.h"
#include "bench/connect.h"
#include "bench/fanout.h"
#include "bench/herd.h"
#include "bench/idle.h"
#include "bench/lists.h"
#include "bench/presence.h"
#include "bench/probe.h"
#include "bench/whisper.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct scenario {
    const char *name;
    bool (*run)(struct bench *bench);
    size_t connections_count; /* the default */
} scenarios[] = {
    {"fanout", bench_fanout_run, 1000},      {"publish", bench_fanout_publish, 0},
    {"connect", bench_connect_run, 500},     {"idle", bench_idle_run, 1000},
    {"whisper", bench_whisper_run, 500},     {"presence", bench_presence_run, 1000},
    {"channels", bench_channels_run, 10000}, {"churn", bench_churn_run, 1},
    {"herd", bench_herd_run, 1000},          {"signin", bench_herd_signin, 1000},
    {"lists", bench_lists_run, 0},
};

static const struct scenario *find(const char *name)
{
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    return NULL;
}

static json_t *options_report(const struct bench_options *options,
                              const struct client_server *server)
{
    struct buffer host = {0};
    json_t *report;

    client_url_append_host(&host, &server->url);
    report = json_pack(
        "{s:s, s:s, s:b, s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:b}", "scenario",
        options->scenario, "server", buffer_text(&host), "tls", (int)server->url.is_secure,
        "connections", (json_int_t)options->connections_count, "in_flight",
        (json_int_t)options->in_flight_count, "size_bytes", (json_int_t)options->size_bytes,
        "rate_per_s", options->rate_per_s, "duration_s", options->duration_s, "threads",
        (json_int_t)options->threads_count, "channels", (json_int_t)options->channels_count,
        "members", (json_int_t)options->members_count, "slow", (json_int_t)options->slow_count,
        "watchlist", (json_int_t)options->watchlist_count, "new_connections",
        (int)options->is_connecting_anew);
    buffer_deinit(&host);
    return report;
}

static void use_all_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void finish_report(const struct bench *bench, bool *is_clean)
{
    if (bench->total->latency.count > 0)
        json_object_set_new(bench->report, "latency_us", bench_tally_latency(bench->total));
    json_object_set_new(bench->report, "faults", bench_tally_faults(bench->total));
    json_object_set_new(bench->report, "machine", bench_process_machine());
    *is_clean = bench_tally_is_clean(bench->total);
    json_object_set_new(bench->report, "ok", json_boolean(*is_clean));
    if (isatty(STDERR_FILENO) == 1)
        fputc('\n', stderr);
}

static bool check_options(const struct bench_options *options, struct buffer *error)
{
    if (find(options->scenario) == NULL) {
        buffer_printf(error, "\"%s\" is no scenario; there are", options->scenario);
        for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
            buffer_printf(error, " %s", scenarios[i].name);
        return false;
    }
    if (options->pid != 0 && !bench_process_is_there(options->pid)) {
        buffer_printf(error, "there is no process %d; --pid is the server's", (int)options->pid);
        return false;
    }
    for (size_t i = 0; i < options->others_count; i++)
        if (!bench_process_is_there(options->others[i])) {
            buffer_printf(error, "there is no process %d of --others", (int)options->others[i]);
            return false;
        }
    return true;
}

static bool run_beside_probe(struct bench *bench, const struct scenario *scenario)
{
    const char *key = bench->options->probe_key;
    bool is_answered;
    bool ok;

    if (key == NULL)
        return scenario->run(bench);
    bench->probe = bench_probe_open(bench->server, key, bench->error);
    if (bench->probe == NULL)
        return false;
    ok = scenario->run(bench);
    json_object_set_new(bench->report, "wait_us", bench_probe_close(bench->probe, &is_answered));
    if (!is_answered)
        bench->total->faults.closed++;
    return ok;
}

json_t *bench_run(const struct bench_options *options, const struct client_server *server,
                  bool *is_clean, struct buffer *error)
{
    static struct bench_tally total; /* too large for the stack */
    struct bench_options resolved = *options;
    struct bench bench = {.options = &resolved, .server = server, .error = error, .total = &total};
    const struct scenario *scenario;

    if (!check_options(options, error))
        return NULL;
    scenario = find(options->scenario);
    if (resolved.connections_count == 0)
        resolved.connections_count = scenario->connections_count;
    total = (struct bench_tally){0};
    bench.report = options_report(&resolved, server);
    use_all_descriptors();
    signal(SIGPIPE, SIG_IGN); /* a closed connection is counted, and does not end the generator */
    if (!run_beside_probe(&bench, scenario)) {
        json_decref(bench.report);
        return NULL;
    }
    finish_report(&bench, is_clean);
    return bench.report;
}
