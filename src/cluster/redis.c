#include "cluster/redis.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 3000
#define VERSION_MIN 6

struct pending {
    struct pending *next;
    cluster_redis_reply_fn on_reply;
    void *data;
    uint64_t sent_ms;
};

struct cluster_redis {
    struct net_loop *loop;
    struct net_connecting *connecting; /* NULL once it is connected */
    struct net_conn *conn;
    redisReader *reader;
    struct cluster_redis_login login;
    const struct cluster_redis_events *events;
    void *user;
    struct pending *first;
    struct pending *last;
    uint64_t heard_ms; /* when bytes came last; 0: never */
    bool is_plain;     /* without TLS */
    bool is_waiting;   /* replies are not taken for now */
    bool is_over;      /* to be freed when its connection has closed */
};

/* --- its end -------------------------------------------------------------------------------- */

static void take_reply(struct cluster_redis *redis, const redisReply *reply)
{
    struct pending *pending = redis->first;

    redis->first = pending->next;
    if (redis->first == NULL)
        redis->last = NULL;
    pending->on_reply(reply, pending->data, redis->user);
    free(pending);
}

static void free_redis(struct cluster_redis *redis)
{
    redisReaderFree(redis->reader);
    free(redis);
}

/* Frees it now, or, if it has a connection, when that has closed. `is_over` is set. */
static void finish(struct cluster_redis *redis)
{
    if (redis->connecting != NULL)
        net_connect_cancel(redis->connecting);
    if (redis->conn != NULL)
        net_conn_close(redis->conn);
    while (redis->first != NULL)
        take_reply(redis, NULL);
    if (redis->conn == NULL)
        free_redis(redis);
}

void cluster_redis_close(struct cluster_redis *redis)
{
    if (redis == NULL || redis->is_over)
        return;
    redis->is_over = true;
    finish(redis);
}

static void lose_for(struct cluster_redis *redis, const char *reason, const char *said)
{
    if (redis->is_over)
        return;
    redis->is_over = true;
    redis->events->on_lost(reason, said, redis->user);
    finish(redis);
}

static void lose(struct cluster_redis *redis, const char *reason)
{
    lose_for(redis, reason, NULL);
}

/* --- input ---------------------------------------------------------------------------------- */

static void read_replies(struct cluster_redis *redis)
{
    void *reply = NULL;

    while (!redis->is_over && !redis->is_waiting) {
        if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK) {
            lose(redis, "what it answers is not the Redis protocol");
            return;
        }
        if (reply == NULL)
            return;
        if (redis->first == NULL)
            lose(redis, "it answers what was not asked");
        else
            take_reply(redis, reply);
        freeReplyObject(reply);
    }
}

static void on_data(struct net_conn *conn, char *data, size_t len)
{
    struct cluster_redis *redis = net_conn_user(conn);

    if (redis->is_over)
        return;
    redis->heard_ms = net_loop_now_ms(redis->loop);
    if (redisReaderFeed(redis->reader, data, len) != REDIS_OK)
        lose(redis, "what it answers is not the Redis protocol");
    if (redis->is_over)
        return;
    redis->is_waiting = redis->events->must_wait != NULL && redis->events->must_wait(redis->user);
    read_replies(redis);
}

void cluster_redis_resume(struct cluster_redis *redis)
{
    redis->is_waiting = false;
    read_replies(redis);
}

/* A server that speaks TLS alone closes a connection whose first bytes are no handshake; one that
 * asks for a client certificate, Redis' default with TLS, after a handshake without it. */
static void lose_connection(struct cluster_redis *redis, const char *reason)
{
    if (redis->heard_ms > 0)
        lose(redis, reason);
    else if (redis->is_plain)
        lose(redis, "it closed the connection without an answer; does it speak TLS alone "
                    "(REDIS_SCHEME=tls)?");
    else
        lose(redis, "it closed the connection without an answer; does it ask for a client "
                    "certificate (scaling.server.tls.local_cert)?");
}

static void on_end(struct net_conn *conn)
{
    lose_connection(net_conn_user(conn), "it closed the connection");
}

static void on_timer(struct net_conn *conn, uint64_t now_ms)
{
    (void)conn;
    (void)now_ms;
}

static void on_closed(struct net_conn *conn)
{
    struct cluster_redis *redis = net_conn_user(conn);

    redis->conn = NULL;
    if (redis->is_over)
        free_redis(redis);
    else
        lose_connection(redis, "the connection was lost");
}

static const struct net_conn_events conn_events = {
    .on_data = on_data,
    .on_end = on_end,
    .on_timer = on_timer,
    .on_closed = on_closed,
};

/* --- output --------------------------------------------------------------------------------- */

static void expect(struct cluster_redis *redis, cluster_redis_reply_fn on_reply, void *data)
{
    struct pending *pending = mem_new(sizeof *pending);

    pending->on_reply = on_reply;
    pending->data = data;
    pending->sent_ms = net_loop_now_ms(redis->loop);
    if (redis->last != NULL)
        redis->last->next = pending;
    else
        redis->first = pending;
    redis->last = pending;
}

void cluster_redis_send(struct cluster_redis *redis, struct cluster_resp *command,
                        cluster_redis_reply_fn on_reply, void *data)
{
    struct buffer head = {0};

    CHECK(redis->conn != NULL && !redis->is_over);
    cluster_resp_write_head(&head, command->count);
    expect(redis, on_reply, data);
    net_conn_write_last(redis->conn, buffer_bytes(&head));
    net_conn_write_last(redis->conn, buffer_bytes(&command->arguments));
    buffer_deinit(&head);
    buffer_clear(&command->arguments);
    command->count = 0;
}

void cluster_redis_command(struct cluster_redis *redis, cluster_redis_reply_fn on_reply,
                           const char *word, ...)
{
    struct cluster_resp command = {0};
    va_list words;

    va_start(words, word);
    for (; word != NULL; word = va_arg(words, const char *))
        cluster_resp_add_text(&command, word);
    va_end(words);
    cluster_redis_send(redis, &command, on_reply, NULL);
    cluster_resp_deinit(&command);
}

bool cluster_redis_is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

struct bytes cluster_redis_text(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_ERROR)
        return BYTES("");
    return (struct bytes){reply->str, reply->len};
}

struct bytes cluster_redis_info(const redisReply *reply, const char *name)
{
    struct bytes rest = cluster_redis_text(reply);
    struct bytes line;
    struct bytes key;

    while (bytes_next(&rest, '\n', &line)) {
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (bytes_next(&line, ':', &key) && bytes_equal(key, bytes_of(name)))
            return line;
    }
    return BYTES("");
}

uint64_t cluster_redis_waits_ms(const struct cluster_redis *redis, uint64_t now_ms)
{
    uint64_t since_ms;

    if (redis->first == NULL)
        return 0;
    since_ms = redis->first->sent_ms > redis->heard_ms ? redis->first->sent_ms : redis->heard_ms;
    return now_ms > since_ms ? now_ms - since_ms : 0;
}

/* --- logging in ----------------------------------------------------------------------------- */

/* A Redis that is busy, loads its data, or takes no more clients refuses everything: that is not
 * `what`. */
static bool serves_nobody(const redisReply *error)
{
    const struct bytes text = cluster_redis_text(error);

    return bytes_starts_with(text, BYTES("BUSY ")) || bytes_starts_with(text, BYTES("LOADING ")) ||
           bytes_starts_with(text, BYTES("MASTERDOWN ")) ||
           bytes_starts_with(text, BYTES("DENIED ")) ||
           bytes_starts_with(text, BYTES("ERR max number of clients"));
}

static bool is_error(struct cluster_redis *redis, const redisReply *reply, const char *what)
{
    char reason[512];

    if (reply == NULL)
        return true;
    if (reply->type != REDIS_REPLY_ERROR)
        return false;
    snprintf(reason, sizeof reason, "%s: %.*s", serves_nobody(reply) ? "it answers" : what,
             (int)reply->len, reply->str);
    lose_for(redis, reason, reply->str);
    return true;
}

static void on_auth(const redisReply *reply, void *data, void *user)
{
    const struct cluster_redis *redis = data;

    (void)user;
    is_error(
        data, reply,
        redis->login.is_sentinel
            ? "it refuses the user name or password (REVERB_SCALING_SENTINEL_USERNAME, "
              "REVERB_SCALING_SENTINEL_PASSWORD)"
            : "it refuses the user name or password (REDIS_USERNAME, REDIS_PASSWORD, REDIS_URL)");
}

static void on_select(const redisReply *reply, void *data, void *user)
{
    (void)user;
    is_error(data, reply, "it refuses the database (REDIS_DB)");
}

static const char *why_info_is_refused(const struct cluster_redis *redis, const redisReply *reply)
{
    if (reply == NULL || !bytes_starts_with(cluster_redis_text(reply), BYTES("NOAUTH ")))
        return "it refuses INFO";
    return redis->login.is_sentinel ? "it wants a password (REVERB_SCALING_SENTINEL_PASSWORD)"
                                    : "it wants a password (REDIS_PASSWORD)";
}

/* Valkey's name for it is another one. */
static bool is_of_sentinel(const redisReply *info)
{
    return bytes_equal(cluster_redis_info(info, "redis_mode"), BYTES("sentinel")) ||
           bytes_equal(cluster_redis_info(info, "server_mode"), BYTES("sentinel"));
}

static void on_info(const redisReply *reply, void *data, void *user)
{
    struct cluster_redis *redis = data;
    struct bytes version;
    char reason[128];

    (void)user;
    if (is_error(redis, reply, why_info_is_refused(redis, reply)))
        return;
    if (!redis->login.is_sentinel && is_of_sentinel(reply)) {
        static const char sentinel[] = "it is a Sentinel: REVERB_SCALING_HOSTS is for its address, "
                                       "REVERB_SCALING_SENTINEL for its master's name";
        lose_for(redis, sentinel, sentinel);
        return;
    }
    version = cluster_redis_info(reply, "redis_version");
    if (version.len > 0 && version.data[0] < '0' + VERSION_MIN && version.data[1] == '.') {
        snprintf(reason, sizeof reason, "its version is %.*s, and Redis %d or later is needed",
                 BYTES_ARGS(version), VERSION_MIN);
        lose_for(redis, reason, reason);
        return;
    }
    redis->events->on_ready(redis->user);
}

static void send_for_self(struct cluster_redis *redis, struct cluster_resp *command,
                          cluster_redis_reply_fn on_reply)
{
    cluster_redis_send(redis, command, on_reply, redis);
}

static void log_in(struct cluster_redis *redis)
{
    struct cluster_resp command = {0};

    if (redis->login.password != NULL && redis->login.password[0] != '\0') {
        cluster_resp_add_text(&command, "AUTH");
        if (redis->login.username != NULL && redis->login.username[0] != '\0')
            cluster_resp_add_text(&command, redis->login.username);
        cluster_resp_add_text(&command, redis->login.password);
        send_for_self(redis, &command, on_auth);
    }
    if (redis->login.database != 0) {
        cluster_resp_add_text(&command, "SELECT");
        cluster_resp_add_number(&command, redis->login.database);
        send_for_self(redis, &command, on_select);
    }
    cluster_resp_add_text(&command, "INFO");
    cluster_resp_add_text(&command, "server");
    send_for_self(redis, &command, on_info);
    cluster_resp_deinit(&command);
}

static void on_connected(struct net_conn *conn, const char *error, void *user)
{
    struct cluster_redis *redis = user;

    redis->connecting = NULL;
    redis->conn = conn;
    if (conn == NULL) /* what is wrong with a certificate is as good as Redis' own word */
        lose_for(redis, error,
                 bytes_starts_with(bytes_of(error), BYTES("certificate ")) ? error : NULL);
    else
        log_in(redis);
}

/* Redis may have got a certificate of another authority. */
static void refresh(struct net_tls *tls)
{
    struct buffer error = {0};

    if (tls != NULL && !net_tls_refresh(tls, &error))
        log_error("for the connection to Redis: %s; what it was stays in use", buffer_text(&error));
    buffer_deinit(&error);
}

struct cluster_redis *cluster_redis_open(struct net_loop *loop,
                                         const struct cluster_redis_address *address,
                                         const struct cluster_redis_login *login,
                                         struct net_tls *tls,
                                         const struct cluster_redis_events *events, void *user)
{
    struct cluster_redis *redis = mem_new(sizeof *redis);

    refresh(tls);
    redis->loop = loop;
    redis->login = *login;
    redis->is_plain = tls == NULL;
    redis->events = events;
    redis->user = user;
    redis->reader = redisReaderCreate();
    CHECK(redis->reader != NULL);
    redis->connecting = net_connect(loop, address->host, address->port, tls, CONNECT_TIMEOUT_MS,
                                    &conn_events, redis, on_connected);
    return redis;
}
