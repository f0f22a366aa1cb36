#include "bench/whisper.h"

#include "bench/drive.h"
#include "bench/publisher.h"
#include "bench/stamp.h"

#define CHANNEL BYTES("private-bench-whisper")

struct whisper {
    struct bench_pool pool;
    struct bench_receiver_crowd crowd;  /* the receivers */
    struct bench_receiver_crowd sender; /* one client, which does not receive its own events */
    size_t size_bytes;
    uint32_t number;
};

static bool send_one(void *user)
{
    struct whisper *whisper = user;
    struct buffer text = {0};
    bool is_sent;

    buffer_append_text(&text, "{\"event\":\"client-bench\",\"channel\":\"");
    buffer_append_bytes(&text, CHANNEL);
    buffer_append_text(&text, "\",\"data\":\"");
    bench_publisher_append_data(&text, 0, whisper->number++, bench_stamp_now_ns(),
                                whisper->size_bytes);
    buffer_append_text(&text, "\"}");
    is_sent = client_session_send(&whisper->sender.receivers[0].session, buffer_bytes(&text));
    buffer_deinit(&text);
    return is_sent;
}

static uint64_t count_deliveries(void *user)
{
    return bench_receiver_measured(&((struct whisper *)user)->crowd);
}

static bool is_idle(void *user)
{
    (void)user;
    return true;
}

static bool open_crowd(struct bench *bench, struct whisper *whisper,
                       struct bench_receiver_crowd *crowd, size_t count)
{
    return bench_receiver_open(crowd, bench->server, &whisper->pool, count, 1, bench->error) &&
           bench_receiver_subscribe(crowd, CHANNEL, bench->error) &&
           bench_receiver_listen_all(crowd, bench->error);
}

bool bench_whisper_run(struct bench *bench)
{
    struct whisper whisper = {.size_bytes = bench->options->size_bytes};
    struct bench_drive drive = {
        .bench = bench,
        .pool = &whisper.pool,
        .crowd = &whisper.crowd,
        .window_count = bench->options->in_flight_count,
        .unit = "delivery",
        .send = send_one,
        .count = count_deliveries,
        .is_idle = is_idle,
        .user = &whisper,
    };
    bool ok;

    if (!bench_pool_open(&whisper.pool, bench->options->threads_count))
        return false;
    ok = open_crowd(bench, &whisper, &whisper.crowd, bench->options->connections_count) &&
         open_crowd(bench, &whisper, &whisper.sender, 1);
    if (ok) {
        bench_drive_prepare(&drive);
        bench_drive_run(&drive);
        bench_receiver_reconcile(&whisper.sender, 0, bench->total);
    }
    bench_receiver_close(&whisper.sender);
    bench_receiver_close(&whisper.crowd);
    bench_pool_close(&whisper.pool);
    return ok;
}
