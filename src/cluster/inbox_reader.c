#include "cluster/inbox_reader.h"

#include <stdio.h>
#include <string.h>

/* So many entries are requested as should fit in about so many bytes, judged by the last ones. */
#define BYTES_AT_ONCE 524288
#define ENTRIES_AT_ONCE_MAX 1000
#define ENTRIES_AT_FIRST 16
#define STRINGIFY(number) #number
#define TEXT_OF(number) STRINGIFY(number)

/* [id, [name, value]]; returns the value's length. */
static size_t read_entry(struct cluster_inbox_reader *reader, const redisReply *entry,
                         struct cluster_resp *done)
{
    const redisReply *fields;
    struct bytes text = BYTES("");

    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        !cluster_redis_is_text(entry->element[0]) || entry->element[1]->type != REDIS_REPLY_ARRAY)
        return 0;
    fields = entry->element[1];
    if (fields->elements == 2 && bytes_equal(cluster_redis_text(fields->element[0]), BYTES("m"))) {
        text = cluster_redis_text(fields->element[1]);
        cluster_inbox_read(reader->inbox, text);
    }
    snprintf(reader->last_id, sizeof reader->last_id, "%.*s",
             BYTES_ARGS(cluster_redis_text(entry->element[0])));
    cluster_resp_add(done, cluster_redis_text(entry->element[0]));
    return text.len;
}

/* If deleting is refused, the stream would grow for ever. */
static void on_deleted(const redisReply *reply, void *data, void *user)
{
    struct cluster_inbox_reader *reader = user;

    (void)data;
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
        reader->on_refused(reply, reader->user);
}

static void adapt(struct cluster_inbox_reader *reader, size_t entries_count, size_t bytes)
{
    const size_t fit = BYTES_AT_ONCE / (bytes / entries_count + 1);
    const size_t grown = reader->entries_at_once * 2;

    reader->entries_at_once = fit < grown ? fit : grown;
    if (reader->entries_at_once == 0)
        reader->entries_at_once = 1;
    if (reader->entries_at_once > ENTRIES_AT_ONCE_MAX)
        reader->entries_at_once = ENTRIES_AT_ONCE_MAX;
}

static void read_entries(struct cluster_inbox_reader *reader, const redisReply *entries)
{
    struct cluster_resp done = {0};
    size_t bytes = 0;

    cluster_resp_add_text(&done, "XDEL");
    cluster_resp_add_text(&done, reader->key);
    for (size_t i = 0; i < entries->elements; i++)
        bytes += read_entry(reader, entries->element[i], &done);
    if (entries->elements > 0)
        adapt(reader, entries->elements, bytes);
    reader->bytes_read += bytes;
    if (reader->redis != NULL && done.count > 2)
        cluster_redis_send(reader->redis, &done, on_deleted, NULL);
    cluster_resp_deinit(&done);
    reader->on_read(reader->user);
}

/* [[stream, [entry, …]]], or nil after the time is up. */
static void on_entries(const redisReply *reply, void *data, void *user)
{
    struct cluster_inbox_reader *reader = user;

    (void)data;
    if (reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        reader->on_refused(reply, reader->user);
        return;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2 &&
        reply->element[0]->element[1]->type == REDIS_REPLY_ARRAY)
        read_entries(reader, reply->element[0]->element[1]);
    cluster_inbox_reader_resume(reader);
}

void cluster_inbox_reader_resume(struct cluster_inbox_reader *reader)
{
    char count[24];

    if (reader->redis == NULL)
        return;
    reader->is_paused = reader->is_congested(reader->congested_user);
    snprintf(count, sizeof count, "%zu", reader->entries_at_once);
    if (!reader->is_paused)
        cluster_redis_command(reader->redis, on_entries, "XREAD", "COUNT", count, "BLOCK",
                              TEXT_OF(CLUSTER_INBOX_READER_BLOCK_MS), "STREAMS", reader->key,
                              reader->last_id, NULL);
}

bool cluster_inbox_reader_is_silent(const struct cluster_inbox_reader *reader, uint64_t now_ms)
{
    return reader->redis != NULL && cluster_redis_waits_ms(reader->redis, now_ms) >
                                        CLUSTER_INBOX_READER_BLOCK_MS + CLUSTER_REDIS_SILENT_MS;
}

void cluster_inbox_reader_rewind(struct cluster_inbox_reader *reader)
{
    snprintf(reader->last_id, sizeof reader->last_id, "0-0");
}

/* --- its connection ------------------------------------------------------------------------- */

static void on_ready(void *user)
{
    struct cluster_inbox_reader *reader = user;

    /* Deletes nothing: only checks whether the command is allowed. */
    cluster_redis_command(reader->redis, on_deleted, "XDEL", reader->key, "0-1", NULL);
    reader->on_ready(reader->user);
}

static void on_lost(const char *reason, const char *said, void *user)
{
    struct cluster_inbox_reader *reader = user;

    reader->on_lost(reason, said, reader->user);
}

static const struct cluster_redis_events redis_events = {
    .on_ready = on_ready,
    .on_lost = on_lost,
};

void cluster_inbox_reader_open(struct cluster_inbox_reader *reader, struct net_loop *loop,
                               const struct cluster_redis_address *address,
                               const struct cluster_redis_login *login, struct net_tls *tls)
{
    reader->entries_at_once = ENTRIES_AT_FIRST;
    reader->redis = cluster_redis_open(loop, address, login, tls, &redis_events, reader);
}

void cluster_inbox_reader_close(struct cluster_inbox_reader *reader)
{
    struct cluster_redis *redis = reader->redis;

    reader->redis = NULL;
    reader->is_paused = false;
    cluster_redis_close(redis);
}
