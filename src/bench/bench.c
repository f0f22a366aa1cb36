#include "bench/bench.h"

#include "bench/probe.h"
#include "bench/stamp.h"

#include <unistd.h>

/* How often the progress is printed: to a terminal, and to a file. */
#define PROGRESS_NS UINT64_C(200000000)
#define PROGRESS_FILE_NS UINT64_C(2000000000)

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

void bench_report_growth(const struct bench *bench, const struct bench_process_usage *before)
{
    const struct bench_process_usage now = bench_process_usage(bench->options->pid);
    const double base = (double)before->memory_bytes;

    if (bench->options->pid == 0)
        return;
    bench_report_number(bench, "server_memory_bytes_more", (double)now.memory_bytes - base);
    bench_report_number(bench, "server_memory_bytes_more_peak",
                        (double)now.memory_bytes_peak - base);
}

void bench_report_usage(const struct bench *bench, const struct bench_process_usage *server_before,
                        const struct bench_process_usage *client_before, uint64_t count,
                        const char *unit)
{
    const pid_t pid = bench->options->pid;
    const struct bench_process_usage client = bench_process_usage(0);
    char name[96];

    if (bench->probe != NULL)
        bench_probe_finish(bench->probe);
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
