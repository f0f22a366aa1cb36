#include "cluster/reading.h"

#include <stdio.h>
#include <string.h>

#define ENTRIES_AT_ONCE "500"
#define STRINGIFY(number) #number
#define TEXT_OF(number) STRINGIFY(number)

/* [id, [letter, packed, …]] */
static void read_entry(struct cluster_reading *reading, const redisReply *entry,
                       struct cluster_request *done)
{
    const redisReply *fields;

    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        !cluster_redis_is_text(entry->element[0]) || entry->element[1]->type != REDIS_REPLY_ARRAY)
        return;
    fields = entry->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (cluster_redis_is_text(fields->element[i]) &&
            cluster_redis_is_text(fields->element[i + 1]))
            cluster_inbox_read(reading->inbox, cluster_redis_text(fields->element[i]),
                               cluster_redis_text(fields->element[i + 1]));
    snprintf(reading->last_id, sizeof reading->last_id, "%.*s",
             BYTES_ARGS(cluster_redis_text(entry->element[0])));
    cluster_request_add(done, cluster_redis_text(entry->element[0]));
}

static void on_deleted(const redisReply *reply, void *data, void *user)
{
    (void)reply;
    (void)data;
    (void)user;
}

static void read_entries(struct cluster_reading *reading, const redisReply *entries)
{
    struct cluster_request done = {0};

    cluster_request_add_text(&done, "XDEL");
    cluster_request_add_text(&done, reading->key);
    for (size_t i = 0; i < entries->elements; i++)
        read_entry(reading, entries->element[i], &done);
    if (reading->redis != NULL && done.count > 2)
        cluster_redis_send(reading->redis, &done, on_deleted, NULL);
    cluster_request_deinit(&done);
    reading->on_read(reading->user);
}

/* [[stream, [entry, …]]], or nothing in the time. */
static void on_entries(const redisReply *reply, void *data, void *user)
{
    struct cluster_reading *reading = user;

    (void)data;
    if (reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        reading->on_refused(reply, reading->user);
        return;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2 &&
        reply->element[0]->element[1]->type == REDIS_REPLY_ARRAY)
        read_entries(reading, reply->element[0]->element[1]);
    cluster_reading_go_on(reading);
}

void cluster_reading_go_on(struct cluster_reading *reading)
{
    if (reading->redis == NULL)
        return;
    reading->is_paused = reading->is_congested(reading->congested_user);
    if (!reading->is_paused)
        cluster_redis_command(reading->redis, on_entries, "XREAD", "COUNT", ENTRIES_AT_ONCE,
                              "BLOCK", TEXT_OF(CLUSTER_READING_BLOCK_MS), "STREAMS", reading->key,
                              reading->last_id, NULL);
}

bool cluster_reading_is_silent(const struct cluster_reading *reading, uint64_t now_ms)
{
    return reading->redis != NULL && cluster_redis_waits_ms(reading->redis, now_ms) >
                                         CLUSTER_READING_BLOCK_MS + CLUSTER_REDIS_SILENT_MS;
}

void cluster_reading_rewind(struct cluster_reading *reading)
{
    snprintf(reading->last_id, sizeof reading->last_id, "0-0");
}

/* --- its connection ------------------------------------------------------------------------- */

static void on_ready(void *user)
{
    struct cluster_reading *reading = user;

    reading->on_ready(reading->user);
}

static void on_lost(const char *reason, void *user)
{
    struct cluster_reading *reading = user;

    reading->on_lost(reason, reading->user);
}

static const struct cluster_redis_events redis_events = {
    .on_ready = on_ready,
    .on_lost = on_lost,
};

void cluster_reading_open(struct cluster_reading *reading, struct net_loop *loop,
                          const struct cluster_redis_address *address,
                          const struct cluster_redis_login *login, struct net_tls *tls)
{
    reading->redis = cluster_redis_open(loop, address, login, tls, &redis_events, reading);
}

void cluster_reading_close(struct cluster_reading *reading)
{
    struct cluster_redis *redis = reading->redis;

    reading->redis = NULL;
    reading->is_paused = false;
    cluster_redis_close(redis);
}
