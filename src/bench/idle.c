#include "bench/idle.h"

#include "bench/receiver.h"
#include "bench/stamp.h"

#define CHANNEL BYTES("bench-idle")
#define SECOND_NS UINT64_C(1000000000)

struct idle {
    struct bench *bench;
    struct bench_pool pool;
    struct bench_receiver_crowd crowd;
    uint64_t began_ns;
};

/* Pings are answered meanwhile. */
static int on_turn(void *user)
{
    struct idle *idle = user;
    const double seconds = (double)(bench_stamp_now_ns() - idle->began_ns) / (double)SECOND_NS;

    bench_show_progress(idle->bench, seconds, idle->crowd.count, "idle connection");
    if (seconds >= idle->bench->options->duration_s)
        bench_pool_stop(&idle->pool);
    return 50;
}

static void report(struct idle *idle, const struct bench_process_usage *before,
                   const struct bench_process_usage *open)
{
    const struct bench *bench = idle->bench;
    const double seconds = (double)(bench_stamp_now_ns() - idle->began_ns) / (double)SECOND_NS;
    const struct bench_process_usage after = bench_process_usage(bench->options->pid);

    bench_report_number(bench, "seconds", seconds);
    bench_report_number(bench, "measured", (double)idle->crowd.count);
    if (bench->options->pid == 0)
        return;
    bench_report_number(bench, "server_memory_bytes", (double)after.memory_bytes);
    bench_report_number(bench, "server_memory_before_bytes", (double)before->memory_bytes);
    bench_report_number(bench, "server_memory_bytes_per_connection",
                        ((double)after.memory_bytes - (double)before->memory_bytes) /
                            (double)idle->crowd.count);
    bench_report_number(bench, "server_cpu_percent",
                        (double)(after.cpu_ns - open->cpu_ns) / 1e7 / seconds);
}

bool bench_idle_run(struct bench *bench)
{
    const struct bench_process_usage before = bench_process_usage(bench->options->pid);
    struct idle idle = {.bench = bench};
    bool ok;

    if (!bench_pool_open(&idle.pool, 1))
        return false;
    ok = bench_receiver_open(&idle.crowd, bench->server, &idle.pool,
                             bench->options->connections_count, 1, bench->error) &&
         bench_receiver_subscribe(&idle.crowd, CHANNEL, bench->error) &&
         bench_receiver_listen_all(&idle.crowd, bench->error);
    if (ok) {
        const struct bench_process_usage open = bench_process_usage(bench->options->pid);

        idle.began_ns = bench_stamp_now_ns();
        bench_pool_run(&idle.pool, on_turn, &idle);
        report(&idle, &before, &open);
        bench_receiver_reconcile(&idle.crowd, 0, bench->total);
    }
    bench_receiver_close(&idle.crowd);
    bench_pool_close(&idle.pool);
    return ok;
}
