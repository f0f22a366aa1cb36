#include "bench/lists.h"

#include "base/mem.h"
#include "bench/channels.h"
#include "bench/drive.h"
#include "bench/stamp.h"

#include <errno.h>

/* A connection that asks for the list, and reads it to its end. */
struct reader {
    struct bench_pool_source source;
    struct client_stream stream;
    struct lists *lists;
    uint64_t sent_ns;
    size_t len;
    bool is_ok;
    bool is_busy;
};

struct lists {
    struct bench *bench;
    struct bench_pool pool;
    struct bench_receiver_crowd crowd; /* empty */
    struct reader *readers;
    size_t busy_count;
};

/* Every channel's name is a stamp with something before it. */
static bool is_whole(const struct reader *reader)
{
    return reader->is_ok &&
           reader->len > reader->lists->bench->options->channels_count * BENCH_STAMP_LEN;
}

static void finish(struct reader *reader, struct bench_pool_thread *thread)
{
    struct bench_tally *total = reader->lists->bench->total;

    bench_pool_remove(thread, &reader->source);
    client_stream_close(&reader->stream);
    reader->is_busy = false;
    reader->lists->busy_count--;
    if (is_whole(reader))
        bench_tally_add(total, reader->sent_ns);
    else
        total->faults.refused++;
}

static void on_readable(struct bench_pool_source *source, struct bench_pool_thread *thread)
{
    struct reader *reader = (struct reader *)source;
    const ssize_t len =
        client_stream_read(&reader->stream, thread->scratch, BENCH_POOL_SCRATCH_LEN);

    if (len < 0 && errno == EAGAIN)
        return;
    if (len > 0 && reader->len == 0)
        reader->is_ok =
            bytes_starts_with((struct bytes){thread->scratch, (size_t)len}, BYTES("HTTP/1.1 200 "));
    reader->len += len > 0 ? (size_t)len : 0;
    if (len > 0)
        return;
    reader->is_ok = reader->is_ok && len == 0;
    reader->lists->bench->total->now_ns = bench_stamp_now_ns();
    finish(reader, thread);
}

static bool ask(struct reader *reader)
{
    struct bench *bench = reader->lists->bench;
    struct buffer request = {0};
    struct buffer error = {0};
    bool ok = client_stream_open(&reader->stream, bench->server, &error);

    reader->len = 0;
    reader->is_ok = false;
    reader->sent_ns = bench_stamp_now_ns();
    client_request_get(&request, bench->server, "/channels", "info=subscription_count");
    ok = ok && client_stream_write(&reader->stream, buffer_bytes(&request));
    buffer_deinit(&request);
    buffer_deinit(&error);
    if (!ok) {
        bench->total->faults.refused++;
        return false;
    }
    client_stream_stop_waiting(&reader->stream);
    reader->source.on_readable = on_readable;
    reader->source.fd = reader->stream.fd;
    reader->is_busy = bench_pool_add(&reader->lists->pool, 0, &reader->source);
    reader->lists->busy_count += reader->is_busy;
    return reader->is_busy;
}

static bool ask_one(void *user)
{
    struct lists *lists = user;

    for (size_t i = 0; i < lists->bench->options->in_flight_count; i++)
        if (!lists->readers[i].is_busy)
            return ask(&lists->readers[i]);
    return false;
}

static uint64_t count_lists(void *user)
{
    return atomic_load(&((struct lists *)user)->bench->total->measured);
}

static bool is_idle(void *user)
{
    return ((struct lists *)user)->busy_count == 0;
}

static void drive(struct lists *lists)
{
    struct bench *bench = lists->bench;
    struct bench_drive it = {
        .bench = bench,
        .pool = &lists->pool,
        .crowd = &lists->crowd,
        .unit = "list",
        .send = ask_one,
        .count = count_lists,
        .is_idle = is_idle,
        .user = lists,
    };

    bench_drive_prepare(&it);
    bench->total->from_ns = it.from_ns;
    bench_drive_run(&it);
    bench->total->faults.lost += lists->busy_count;
}

bool bench_lists_run(struct bench *bench)
{
    const size_t count = bench->options->in_flight_count;
    struct client_session other = {.stream.fd = -1}; /* subscribed to all channels */
    struct lists lists = {.bench = bench};
    bool ok;

    if (!bench_pool_open(&lists.pool, 1))
        return false;
    lists.readers = mem_new(count * sizeof *lists.readers);
    for (size_t i = 0; i < count; i++) {
        lists.readers[i].lists = &lists;
        lists.readers[i].stream.fd = -1;
    }
    ok = bench_channels_occupy(bench, &other) &&
         bench_receiver_open(&lists.crowd, bench->server, &lists.pool, 0, 0, bench->error);
    if (ok)
        drive(&lists);
    for (size_t i = 0; i < count; i++)
        client_stream_close(&lists.readers[i].stream);
    free(lists.readers);
    bench_receiver_close(&lists.crowd);
    client_session_close(&other);
    bench_pool_close(&lists.pool);
    return ok;
}
