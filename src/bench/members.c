#include "bench/members.h"

#include "bench/stamp.h"

/* How many join at one time. */
#define BATCH 250

bool bench_members_ask(struct client_session *session, struct bytes user_id, struct buffer *error)
{
    struct buffer channel_data = {0};
    bool ok;

    buffer_append_text(&channel_data, "{\"user_id\":\"");
    buffer_append_bytes(&channel_data, user_id);
    buffer_append_text(&channel_data, "\"");
    if (bytes_starts_with(user_id, BYTES(BENCH_STAMP_MARK)))
        buffer_append_text(&channel_data, ",\"user_info\":{\"name\":\"A user\"}");
    buffer_append_char(&channel_data, '}');
    ok = client_session_subscribe(session, BENCH_MEMBERS_CHANNEL, buffer_bytes(&channel_data));
    buffer_deinit(&channel_data);
    if (!ok)
        buffer_append_text(error, "the server closed the connection");
    return ok;
}

/* The ids are short, because each member receives all of them. */
static bool join_some(struct bench *bench, struct bench_receiver_crowd *crowd, size_t from,
                      size_t to)
{
    struct bench_receiver *receivers = crowd->receivers;
    struct buffer *error = bench->error;

    for (size_t i = from; i < to; i++) {
        char user_id[32];
        const int len = snprintf(user_id, sizeof user_id, "%zu", i);

        if (!bench_members_ask(&receivers[i].session, (struct bytes){user_id, (size_t)len}, error))
            return false;
    }
    for (size_t i = from; i < to; i++)
        if (!client_session_expect(&receivers[i].session, BENCH_MEMBERS_SUCCEEDED, error) ||
            !bench_receiver_listen(crowd, i, error))
            return false;
    bench_pool_drain(crowd->pool);
    return true;
}

bool bench_members_join(struct bench *bench, struct bench_receiver_crowd *crowd, size_t count)
{
    for (size_t from = 0; from < count; from += BATCH) {
        if (!join_some(bench, crowd, from, from + BATCH < count ? from + BATCH : count))
            return false;
        bench_show_progress(bench, 0, from, "member");
    }
    return true;
}
