/* Connects to the Redis server of a partition: finds it, logs in, loads the scripts. Then its
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
    /* One of them is called, once; replies to later commands come with `user` as well. */
    void (*on_ready)(void *user);
    void (*on_refused)(const redisReply *error, void *user);
    void (*on_lost)(const char *reason, const char *said, void *user);
    void *user;

    struct cluster_locate locate;
    struct cluster_redis_address address; /* of the server, or of the last one */
    struct cluster_redis *redis;          /* NULL: there is no connection */
    char *apply_sha;                      /* of the scripts, as Redis knows them */
    char *query_sha;
    unsigned attempts; /* since a connection was last useful; the owner resets it */
};

/* `first_host`: which of several configured hosts to begin with. */
void cluster_connector_init(struct cluster_connector *connector, size_t first_host);
void cluster_connector_deinit(struct cluster_connector *connector);

void cluster_connector_begin(struct cluster_connector *connector);
void cluster_connector_close(struct cluster_connector *connector);

/* The login for Redis; borrows from the settings. */
struct cluster_redis_login cluster_connector_login(const struct cluster_connector *connector);

/* How long to wait before the next attempt: longer after each one, with jitter so that the nodes
 * do not all come at once. */
uint64_t cluster_connector_retry_ms(struct cluster_connector *connector);

/* Whether it failed only because another server is the right one, which is no failure. */
bool cluster_connector_is_referred(const struct cluster_connector *connector);

/* Runs scripts/query.lua with these arguments. */
void cluster_connector_query(struct cluster_connector *connector, const char *epoch,
                             struct cluster_resp *arguments, cluster_redis_reply_fn on_answer,
                             void *data);

/* Loads scripts/query.lua again, for the commands that are sent from now on. */
void cluster_connector_load_query(struct cluster_connector *connector);

/* Whether a reply is overdue. */
bool cluster_connector_is_silent(const struct cluster_connector *connector, uint64_t now_ms);
