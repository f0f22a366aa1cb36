#include "bench/bench.h"

#include "base/mem.h"
#include "bench/channels.h"
#include "bench/connect.h"
#include "bench/fanout.h"
#include "bench/idle.h"
#include "bench/presence.h"
#include "bench/probe.h"
#include "bench/stamp.h"
#include "bench/whisper.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* How often the progress is printed: to a terminal, and to a file. */
#define PROGRESS_NS UINT64_C(200000000)
#define PROGRESS_FILE_NS UINT64_C(2000000000)

static const struct scenario {
    const char *name;
    bool (*run)(struct bench *bench);
    size_t connections_count; /* the default */
} scenarios[] = {
    {"fanout", bench_fanout_run, 1000},      {"publish", bench_fanout_publish, 0},
    {"connect", bench_connect_run, 500},     {"idle", bench_idle_run, 1000},
    {"whisper", bench_whisper_run, 500},     {"presence", bench_presence_run, 1000},
    {"channels", bench_channels_run, 10000},
};

static const struct scenario *find(const char *name)
{
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    return NULL;
}

/* --- what the scenarios report --------------------------------------------------------------- */

void bench_show_progress(const struct bench *bench, double seconds, uint64_t count,
                         const char *what)
{
    static uint64_t shown_ns;
    const bool is_person = isatty(STDERR_FILENO) == 1;
    const uint64_t now_ns = bench_stamp_now_ns();

    if (now_ns - shown_ns < (is_person ? PROGRESS_NS : PROGRESS_FILE_NS))
        return;
    shown_ns = now_ns;
    fprintf(stderr, is_person ? "\r%s: %.1f s, %llu (%s) \b" : "%s: %.1f s, %llu (%s)\n",
            bench->options->scenario, seconds, (unsigned long long)count, what);
}

void bench_report_number(const struct bench *bench, const char *name, double number)
{
    const double scaled = number * 1000 + (number < 0 ? -0.5 : 0.5);

    if (number == (double)(json_int_t)number)
        json_object_set_new(bench->report, name, json_integer((json_int_t)number));
    else
        json_object_set_new(bench->report, name, json_real((double)(json_int_t)scaled / 1000));
}

static void report_cpu(const struct bench *bench, const char *who, const char *unit, uint64_t count,
                       uint64_t cpu_ns)
{
    char name[96];

    if (count == 0)
        return;
    snprintf(name, sizeof name, "%s_cpu_us_per_%s", who, unit);
    bench_report_number(bench, name, (double)cpu_ns / 1000 / (double)count);
}

void bench_begin_usage(struct bench *bench)
{
    if (bench->probe != NULL)
        bench_probe_restart(bench->probe);
    for (size_t i = 0; i < bench->options->others_count; i++)
        bench->others_before_ns[i] = bench_process_usage(bench->options->others[i]).cpu_ns;
}

static void report_others(const struct bench *bench, uint64_t count, const char *unit)
{
    json_t *list = json_array();
    char name[96];

    for (size_t i = 0; i < bench->options->others_count; i++) {
        const uint64_t cpu_ns =
            bench_process_usage(bench->options->others[i]).cpu_ns - bench->others_before_ns[i];

        json_array_append_new(list, json_real((double)cpu_ns / 1000 / (double)count));
    }
    snprintf(name, sizeof name, "others_cpu_us_per_%s", unit);
    json_object_set_new(bench->report, name, list);
}

uint64_t bench_server_cpu_ns(const struct bench *bench)
{
    return bench->options->pid ? bench_process_usage(bench->options->pid).cpu_ns : 0;
}

void bench_report_usage(const struct bench *bench, const struct bench_process_usage *server_before,
                        const struct bench_process_usage *client_before, uint64_t count,
                        const char *unit)
{
    const pid_t pid = bench->options->pid;
    const struct bench_process_usage client = bench_process_usage(0);
    char name[96];

    if (pid != 0) {
        const struct bench_process_usage server = bench_process_usage(pid);
        const double user_s = server.user_s - server_before->user_s;
        const double system_s = server.system_s - server_before->system_s;

        report_cpu(bench, "server", unit, count, server.cpu_ns - server_before->cpu_ns);
        snprintf(name, sizeof name, "server_system_share_per_%s", unit);
        if (user_s + system_s > 0)
            bench_report_number(bench, name, system_s / (user_s + system_s));
    }
    report_cpu(bench, "client", unit, count, client.cpu_ns - client_before->cpu_ns);
    if (bench->options->others_count > 0 && count > 0)
        report_others(bench, count, unit);
}

/* --- a run ----------------------------------------------------------------------------------- */

static json_t *options_report(const struct bench_options *options,
                              const struct client_server *server)
{
    struct buffer host = {0};
    json_t *report;

    client_url_append_host(&host, &server->url);
    report = json_pack(
        "{s:s, s:s, s:b, s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:b}", "scenario",
        options->scenario, "server", buffer_text(&host), "tls", (int)server->url.is_secure,
        "connections", (json_int_t)options->connections_count, "in_flight",
        (json_int_t)options->in_flight_count, "size_bytes", (json_int_t)options->size_bytes,
        "rate_per_s", options->rate_per_s, "duration_s", options->duration_s, "threads",
        (json_int_t)options->threads_count, "channels", (json_int_t)options->channels_count,
        "members", (json_int_t)options->members_count, "new_connections",
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
