#include "bench/publisher.h"

#include "base/check.h"
#include "base/mem.h"
#include "bench/stamp.h"
#include "client/response.h"

#include <errno.h>
#include <string.h>

/* How long one signature is used. */
#define SIGNED_NS UINT64_C(1000000000)

void bench_publisher_append_data(struct buffer *out, uint32_t sender, uint32_t number,
                                 uint64_t now_ns, size_t size_bytes)
{
    char *at = buffer_reserve(out, BENCH_STAMP_LEN + size_bytes);

    bench_stamp_write(at, (struct bench_stamp){sender, number, now_ns});
    out->len += BENCH_STAMP_LEN;
    if (size_bytes <= BENCH_STAMP_LEN)
        return;
    memset(at + BENCH_STAMP_LEN, 'x', size_bytes - BENCH_STAMP_LEN);
    out->len += size_bytes - BENCH_STAMP_LEN;
}

static void append_request(struct bench_publisher_group *group, struct buffer *out, uint32_t sender,
                           uint32_t number, uint64_t now_ns)
{
    struct buffer data = {0};

    bench_publisher_append_data(&data, sender, number, now_ns, group->size_bytes);
    client_request_publish(out, group->server, group->channel, BYTES("bench"), buffer_bytes(&data));
    buffer_deinit(&data);
}

static bool write_request(struct bench_publisher *publisher, uint64_t now_ns)
{
    struct bench_publisher_group *group = publisher->group;
    struct buffer request = {0};
    bool is_sent;

    if (group->is_repeating) {
        if (group->request.len == 0 || now_ns - group->signed_ns > SIGNED_NS) {
            buffer_clear(&group->request);
            append_request(group, &group->request, 0, 0, now_ns);
            group->signed_ns = now_ns;
        }
        return client_stream_write(&publisher->stream, buffer_bytes(&group->request));
    }
    append_request(group, &request, publisher->index, publisher->number, now_ns);
    is_sent = client_stream_write(&publisher->stream, buffer_bytes(&request));
    buffer_deinit(&request);
    return is_sent;
}

static bool is_connected(const struct bench_publisher *publisher)
{
    return publisher->stream.fd >= 0;
}

static bool connect_it(struct bench_publisher *publisher, struct buffer *error)
{
    if (!client_stream_open(&publisher->stream, publisher->group->server, error))
        return false;
    client_stream_stop_waiting(&publisher->stream);
    publisher->source.fd = publisher->stream.fd;
    if (bench_pool_add(publisher->group->pool, 0, &publisher->source))
        return true;
    buffer_append_text(error, strerror(errno));
    return false;
}

static void disconnect(struct bench_publisher *publisher, struct bench_pool_thread *thread)
{
    bench_pool_remove(thread, &publisher->source);
    client_stream_close(&publisher->stream);
    buffer_clear(&publisher->in);
}

static void on_response(struct bench_publisher *publisher, const struct client_response *response)
{
    struct bench_tally *tally = publisher->group->tally;

    if (!publisher->is_waiting)
        return;
    publisher->is_waiting = false;
    publisher->group->waiting_count--;
    tally->now_ns = bench_stamp_now_ns();
    if (response == NULL || response->status != 200)
        tally->faults.refused++;
    bench_tally_add(tally, publisher->sent_ns);
}

static void on_readable(struct bench_pool_source *source, struct bench_pool_thread *thread)
{
    struct bench_publisher *publisher = (struct bench_publisher *)source;
    const ssize_t len =
        client_stream_read(&publisher->stream, thread->scratch, BENCH_POOL_SCRATCH_LEN);
    struct client_response response;
    ssize_t used;

    if (len < 0 && errno == EAGAIN)
        return;
    if (len <= 0) { /* some servers close after each answer: it reconnects when needed */
        disconnect(publisher, thread);
        on_response(publisher, NULL);
        return;
    }
    buffer_append(&publisher->in, thread->scratch, (size_t)len);
    used = client_response_parse(buffer_bytes(&publisher->in), &response);
    if (used == 0)
        return;
    on_response(publisher, used > 0 ? &response : NULL);
    if (used < 0 || response.is_last)
        disconnect(publisher, thread);
    else
        buffer_consume(&publisher->in, (size_t)used);
}

bool bench_publisher_open(struct bench_publisher_group *group, size_t count, struct buffer *error)
{
    group->publishers = mem_new(count * sizeof *group->publishers);
    for (size_t i = 0; i < count; i++) {
        struct bench_publisher *publisher = &group->publishers[i];

        publisher->source.on_readable = on_readable;
        publisher->group = group;
        publisher->index = (uint32_t)i;
        publisher->stream.fd = -1;
        group->count = i + 1;
        if (!connect_it(publisher, error))
            return false;
    }
    return true;
}

static bool send_by(struct bench_publisher *publisher)
{
    struct buffer error = {0};

    publisher->sent_ns = bench_stamp_now_ns();
    publisher->is_waiting = true;
    publisher->group->waiting_count++;
    if ((!is_connected(publisher) && !connect_it(publisher, &error)) ||
        !write_request(publisher, publisher->sent_ns))
        on_response(publisher, NULL);
    buffer_deinit(&error);
    publisher->number++;
    return true;
}

bool bench_publisher_send(struct bench_publisher_group *group)
{
    CHECK(group->count > 0);
    for (size_t i = 0; i < group->count; i++) {
        struct bench_publisher *publisher = &group->publishers[group->turn];

        group->turn = (group->turn + 1) % group->count;
        if (!publisher->is_waiting)
            return send_by(publisher);
    }
    return false;
}

void bench_publisher_close(struct bench_publisher_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        client_stream_close(&group->publishers[i].stream);
        buffer_deinit(&group->publishers[i].in);
    }
    free(group->publishers);
    group->publishers = NULL;
    group->count = 0;
    buffer_deinit(&group->request);
}
