#include "bench/drive.h"

#include "bench/stamp.h"

#define SECOND_NS UINT64_C(1000000000)
/* The length of the warm-up, which is not measured, as a share of the measured time. */
#define WARM_UP_SHARE 0.2
/* If nothing has come for so long, nothing more is expected. */
#define QUIET_NS (3 * SECOND_NS)
#define WAIT_MS 10

void bench_drive_prepare(struct bench_drive *drive)
{
    const double duration_ns = drive->bench->options->duration_s * (double)SECOND_NS;

    drive->began_ns = bench_stamp_now_ns();
    drive->from_ns = drive->began_ns + (uint64_t)(duration_ns * WARM_UP_SHARE);
    drive->end_ns = drive->from_ns + (uint64_t)duration_ns;
    bench_receiver_measure_from(drive->crowd, drive->from_ns);
}

static bool is_due(const struct bench_drive *drive, uint64_t now_ns)
{
    const double rate = drive->bench->options->rate_per_s;
    const double passed_s = (double)(now_ns - drive->began_ns) / (double)SECOND_NS;

    return rate <= 0 || (double)drive->sent_count < passed_s * rate;
}

static bool has_window(const struct bench_drive *drive)
{
    const size_t receivers_count = drive->crowd->count;

    if (receivers_count == 0)
        return true;
    return drive->sent_count * receivers_count <
           bench_receiver_count(drive->crowd) + (drive->window_count - 1) * receivers_count + 1;
}

/* Whether all that was sent has arrived, or nothing more arrives. */
static bool is_over(struct bench_drive *drive, uint64_t now_ns)
{
    const uint64_t count = bench_receiver_count(drive->crowd);

    if (count != drive->quiet_count || drive->quiet_since_ns == 0) {
        drive->quiet_count = count;
        drive->quiet_since_ns = now_ns;
    }
    return (count >= drive->sent_count * drive->crowd->count && drive->is_idle(drive->user)) ||
           now_ns - drive->quiet_since_ns > QUIET_NS;
}

static void begin_measuring(struct bench_drive *drive)
{
    drive->is_measuring = true;
    drive->server_before = bench_process_usage(drive->bench->options->pid);
    drive->client_before = bench_process_usage(0);
    bench_begin_usage(drive->bench);
}

static int on_turn(void *user)
{
    struct bench_drive *drive = user;
    const uint64_t now_ns = bench_stamp_now_ns();

    if (!drive->is_measuring && now_ns >= drive->from_ns)
        begin_measuring(drive);
    bench_show_progress(drive->bench, (double)(now_ns - drive->began_ns) / (double)SECOND_NS,
                        drive->count(drive->user), drive->unit);
    if (now_ns >= drive->end_ns) {
        if (is_over(drive, now_ns))
            bench_pool_stop(drive->pool);
        return 1;
    }
    while (is_due(drive, now_ns) && has_window(drive)) {
        if (!drive->send(drive->user))
            return WAIT_MS;
        drive->sent_count++;
    }
    /* A short wait, if the clock or other threads decide when to send next. */
    return drive->bench->options->rate_per_s > 0 || drive->pool->threads_count > 1 ? 1 : WAIT_MS;
}

void bench_drive_run(struct bench_drive *drive)
{
    struct bench *bench = drive->bench;
    uint64_t count;
    double measured_s;
    char name[64];

    bench_pool_run(drive->pool, on_turn, drive);
    measured_s = (double)(bench_stamp_now_ns() - drive->from_ns) / (double)SECOND_NS;
    count = drive->count(drive->user);
    bench_report_number(bench, "seconds", measured_s);
    bench_report_number(bench, "sent", (double)drive->sent_count);
    bench_report_number(bench, "measured", (double)count);
    snprintf(name, sizeof name, "%s_per_s", drive->unit);
    bench_report_number(bench, name, (double)count / measured_s);
    bench_report_usage(bench, &drive->server_before, &drive->client_before, count, drive->unit);
    bench_receiver_reconcile(drive->crowd, drive->sent_count, bench->total);
}
