/* Reads a node's inbox, on a connection of its own: waits for entries, tells them on, takes them
 * out of the stream. Nothing is read while the workers have more to do than they can.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/inbox.h"
#include "cluster/redis.h"

/* No entry for so long: Redis answers that there is none. */
#define CLUSTER_READING_BLOCK_MS 1000

struct cluster_reading {
    /* Fixed. */
    struct cluster_inbox *inbox;
    char *key; /* of the stream */
    bool (*is_congested)(void *user);
    void *congested_user;
    /* It is connected; Redis answers with an error; it is lost. */
    void (*on_ready)(void *user);
    void (*on_refused)(const redisReply *error, void *user);
    void (*on_lost)(const char *reason, void *user);
    void (*on_read)(void *user); /* some entries were told on */
    void *user;

    struct cluster_redis *redis; /* NULL: there is no connection */
    char last_id[64];            /* what was read last */
    bool is_paused;
};

void cluster_reading_open(struct cluster_reading *reading, struct net_loop *loop,
                          const struct cluster_redis_address *address,
                          const struct cluster_redis_login *login, struct net_tls *tls);
void cluster_reading_close(struct cluster_reading *reading);

/* The stream is a new one. */
void cluster_reading_rewind(struct cluster_reading *reading);

/* Begins, when it is ready; and goes on where it is paused. */
void cluster_reading_go_on(struct cluster_reading *reading);

/* It should have had an answer by now. */
bool cluster_reading_is_silent(const struct cluster_reading *reading, uint64_t now_ms);
