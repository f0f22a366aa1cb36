#include "cluster/connector.h"

#include "base/mem.h"
#include "base/random.h"
#include "cluster/scripts.h"

#include <stdio.h>

#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 2000
#define DOUBLINGS_MAX 6
/* Referrals in a row from one server of a Redis Cluster to the next; more: something is wrong. */
#define REFERRALS_MAX 3

static void on_lost(const char *reason, const char *said, void *user)
{
    struct cluster_connector *connector = user;

    connector->on_lost(reason, said, connector->user);
}

struct cluster_redis_login cluster_connector_login(const struct cluster_connector *connector)
{
    const struct config_scaling *settings = connector->settings;

    return (struct cluster_redis_login){
        .username = settings->username,
        .password = settings->password,
        .database = settings->database,
    };
}

/* --- the scripts ---------------------------------------------------------------------------- */

static bool take_sha(struct cluster_connector *connector, const redisReply *reply, char **sha)
{
    if (reply == NULL)
        return false;
    if (!cluster_redis_is_text(reply)) {
        connector->on_refused(reply, connector->user);
        return false;
    }
    free(*sha);
    *sha = bytes_copy(cluster_redis_text(reply));
    return true;
}

static void on_apply_loaded(const redisReply *reply, void *data, void *user)
{
    struct cluster_connector *connector = data;

    (void)user;
    take_sha(connector, reply, &connector->apply_sha);
}

static void on_query_loaded(const redisReply *reply, void *data, void *user)
{
    struct cluster_connector *connector = data;

    (void)user;
    if (take_sha(connector, reply, &connector->query_sha))
        connector->on_ready(connector->user);
}

/* A Redis Cluster node without the partition refers us to the one that has it. */
static void on_looked(const redisReply *reply, void *data, void *user)
{
    struct cluster_connector *connector = data;

    (void)user;
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
        connector->on_refused(reply, connector->user);
}

/* A Redis that evicts the least recently used keys would evict quiet channels. */
static void on_memory(const redisReply *reply, void *data, void *user)
{
    struct cluster_connector *connector = data;

    (void)user;
    if (reply != NULL && reply->type == REDIS_REPLY_STRING)
        cluster_away_note_policy(connector->away, cluster_redis_info(reply, "maxmemory_policy"));
}

static void on_kind(const redisReply *reply, void *data, void *user)
{
    struct cluster_connector *connector = data;
    struct bytes enabled;

    (void)user;
    if (reply == NULL)
        return;
    enabled = cluster_redis_info(reply, "cluster_enabled");
    if (enabled.len > 0)
        cluster_away_note_kind(connector->away, bytes_equal(enabled, BYTES("1")));
}

static void send_words(struct cluster_connector *connector, cluster_redis_reply_fn on_reply,
                       const char *const *words)
{
    struct cluster_resp command = {0};

    for (; *words != NULL; words++)
        cluster_resp_add_text(&command, *words);
    cluster_redis_send(connector->redis, &command, on_reply, connector);
    cluster_resp_deinit(&command);
}

#define SEND(connector, on_reply, ...) \
    send_words(connector, on_reply, (const char *const[]){__VA_ARGS__, NULL})

static void on_logged_in(void *user)
{
    struct cluster_connector *connector = user;
    struct buffer key = {0};

    buffer_printf(&key, "%s:layout", connector->prefix);
    SEND(connector, on_looked, "EXISTS", buffer_text(&key));
    SEND(connector, on_memory, "INFO", "memory");
    SEND(connector, on_kind, "INFO", "cluster");
    SEND(connector, on_apply_loaded, "SCRIPT", "LOAD", cluster_scripts_apply);
    SEND(connector, on_query_loaded, "SCRIPT", "LOAD", cluster_scripts_query);
    buffer_deinit(&key);
}

/* --- the connection ------------------------------------------------------------------------- */

static const struct cluster_redis_events redis_events = {
    .on_ready = on_logged_in,
    .on_lost = on_lost,
};

static void on_found(const struct cluster_redis_address *address, void *user)
{
    struct cluster_connector *connector = user;
    const struct cluster_redis_login login = cluster_connector_login(connector);

    connector->address = *address;
    connector->redis = cluster_redis_open(connector->loop, address, &login, connector->tls,
                                          &redis_events, connector);
}

void cluster_connector_begin(struct cluster_connector *connector)
{
    cluster_locate_begin(&connector->locate);
}

void cluster_connector_close(struct cluster_connector *connector)
{
    struct cluster_redis *redis = connector->redis;

    connector->redis = NULL;
    cluster_locate_cancel(&connector->locate);
    cluster_redis_close(redis);
}

void cluster_connector_query(struct cluster_connector *connector, const char *epoch,
                             struct cluster_resp *arguments, cluster_redis_reply_fn on_answer,
                             void *data)
{
    struct cluster_resp command = {0};

    cluster_resp_add_text(&command, "EVALSHA");
    cluster_resp_add_text(&command, connector->query_sha);
    cluster_resp_add_text(&command, "1");
    cluster_resp_add_text(&command, connector->prefix);
    cluster_resp_add_text(&command, epoch);
    buffer_append_bytes(&command.arguments, buffer_bytes(&arguments->arguments));
    command.count += arguments->count;
    cluster_redis_send(connector->redis, &command, on_answer, data);
    cluster_resp_deinit(&command);
}

static void on_query_reloaded(const redisReply *reply, void *data, void *user)
{
    struct cluster_connector *connector = data;

    (void)user;
    take_sha(connector, reply, &connector->query_sha);
}

void cluster_connector_load_query(struct cluster_connector *connector)
{
    SEND(connector, on_query_reloaded, "SCRIPT", "LOAD", cluster_scripts_query);
}

bool cluster_connector_is_referred(const struct cluster_connector *connector)
{
    return connector->locate.is_referred && connector->attempts < REFERRALS_MAX;
}

uint64_t cluster_connector_retry_ms(struct cluster_connector *connector)
{
    const unsigned doublings =
        connector->attempts < DOUBLINGS_MAX ? connector->attempts : DOUBLINGS_MAX;
    uint64_t longest = (uint64_t)RETRY_MIN_MS << doublings;

    if (cluster_connector_is_referred(connector))
        longest = RETRY_MIN_MS / 10;
    connector->attempts++;
    if (longest > RETRY_MAX_MS)
        longest = RETRY_MAX_MS;
    return longest / 4 + random_between_1_and((uint32_t)longest);
}

bool cluster_connector_is_silent(const struct cluster_connector *connector, uint64_t now_ms)
{
    return cluster_locate_is_silent(&connector->locate, now_ms) ||
           (connector->redis != NULL &&
            cluster_redis_waits_ms(connector->redis, now_ms) > CLUSTER_REDIS_SILENT_MS);
}

void cluster_connector_init(struct cluster_connector *connector, size_t first_host)
{
    connector->locate = (struct cluster_locate){
        .loop = connector->loop,
        .settings = connector->settings,
        .tls = connector->tls,
        .on_found = on_found,
        .on_failed = on_lost,
        .user = connector,
        .next_host = first_host,
    };
}

void cluster_connector_deinit(struct cluster_connector *connector)
{
    free(connector->apply_sha);
    free(connector->query_sha);
}
