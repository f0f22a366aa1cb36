/* Connects to the Redis server of a partition: finds it, logs in, brings the scripts. Then its
 * connection takes commands.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/away.h"
#include "cluster/locate.h"

struct cluster_connector {
    /* Fixed. */
    const struct config_scaling *settings;
    struct net_loop *loop;
    struct net_tls *tls;
    const char *prefix; /* of the partition's keys */
    struct cluster_away *away;
    /* One of them, once; replies to what is sent later come with `user` as well. */
    void (*on_ready)(void *user);
    void (*on_refused)(const redisReply *error, void *user);
    void (*on_lost)(const char *reason, const char *said, void *user);
    void *user;

    struct cluster_locate locate;
    struct cluster_redis_address address; /* where it is, or was last */
    struct cluster_redis *redis;          /* NULL: there is no connection */
    char *apply_sha;                      /* of the scripts, as Redis knows them */
    char *query_sha;
    unsigned attempts; /* since it was last of use; the owner's to reset */
};

/* `first_host`: of several, the one to begin with. */
void cluster_connector_init(struct cluster_connector *connector, size_t first_host);
void cluster_connector_deinit(struct cluster_connector *connector);

void cluster_connector_begin(struct cluster_connector *connector);
void cluster_connector_close(struct cluster_connector *connector);

/* How the user logs in; borrows from the settings. */
struct cluster_redis_login cluster_connector_login(const struct cluster_connector *connector);

/* How long to wait before the next attempt: the longer it is away the rarer; never all nodes at
 * once. */
uint64_t cluster_connector_retry_ms(struct cluster_connector *connector);

/* It failed because another server is the right one, which is no failure. */
bool cluster_connector_is_referred(const struct cluster_connector *connector);

/* Runs scripts/query.lua with these arguments. */
void cluster_connector_query(struct cluster_connector *connector, struct cluster_resp *arguments,
                             cluster_redis_reply_fn on_answer, void *data);

/* It should have had an answer by now. */
bool cluster_connector_is_silent(const struct cluster_connector *connector, uint64_t now_ms);
