/* One connection to a Redis server: commands go out, replies come back in their order.
 *
 * Thread: owner, the loop's. Life: cluster_redis_open() to cluster_redis_close(), or to `on_lost`,
 * after which it is freed. Errors are texts for the log, without secrets.
 */
#pragma once

#include "cluster/resp.h"
#include "config/config.h"
#include "net/connect.h"

#include <hiredis.h>

/* A server that has not answered for so long is away. */
#define CLUSTER_REDIS_SILENT_MS 3000

struct cluster_redis;

struct cluster_redis_address {
    char host[256]; /* or the path of a Unix socket */
    uint16_t port;
};

struct cluster_redis_login {
    const char *username; /* NULL: none; borrowed for the connection's life */
    const char *password;
    uint32_t database;
    bool is_sentinel; /* else the server's version is checked */
};

struct cluster_redis_events {
    /* It is logged in and takes commands. */
    void (*on_ready)(void *user);
    /* No reply comes any more. `said` is the error that Redis sent, whose first word is a code, or
     * NULL if the connection failed. Both are borrowed. */
    void (*on_lost)(const char *reason, const char *said, void *user);
    /* Bytes have come: whether replies must wait until cluster_redis_resume(). NULL: never. */
    bool (*must_wait)(void *user);
};

/* `reply` is NULL if the connection was lost before; borrowed for the call. */
typedef void (*cluster_redis_reply_fn)(const redisReply *reply, void *data, void *user);

struct cluster_redis *cluster_redis_open(struct net_loop *loop,
                                         const struct cluster_redis_address *address,
                                         const struct cluster_redis_login *login,
                                         struct net_tls *tls,
                                         const struct cluster_redis_events *events, void *user);

/* Replies that are still to come are NULL, within this call; then nothing is called any more. NULL
 * is fine. */
void cluster_redis_close(struct cluster_redis *redis);

/* Sends `command`, and empties it. */
void cluster_redis_send(struct cluster_redis *redis, struct cluster_resp *command,
                        cluster_redis_reply_fn on_reply, void *data);

/* The same for a few words; ends with NULL. */
void cluster_redis_command(struct cluster_redis *redis, cluster_redis_reply_fn on_reply,
                           const char *word, ...) __attribute__((sentinel));

/* Takes the replies that had to wait. */
void cluster_redis_resume(struct cluster_redis *redis);

/* The value of "name:value" in a reply to INFO; "" if it is missing. */
struct bytes cluster_redis_info(const redisReply *reply, const char *name);

bool cluster_redis_is_text(const redisReply *reply);

/* The text of a string or an error, borrowed from the reply; "" for everything else. */
struct bytes cluster_redis_text(const redisReply *reply);

/* For how long a reply has been pending without a byte received, in ms; 0 if none is pending. A
 * long reply over a slow link is no silence. */
uint64_t cluster_redis_waits_ms(const struct cluster_redis *redis, uint64_t now_ms);
