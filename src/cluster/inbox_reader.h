/* Reads a node's inbox, on a connection of its own: waits for entries, tells them on, takes them
 * out of the stream. Nothing is read while the workers have more to do than they can.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/inbox.h"
#include "cluster/redis.h"

/* No entry for so long: Redis answers that there is none. */
#define CLUSTER_INBOX_READER_BLOCK_MS 1000

struct cluster_inbox_reader {
    /* Fixed. */
    struct cluster_inbox *inbox;
    char *key; /* of the stream */
    bool (*is_congested)(void *user);
    void *congested_user;
    /* It is connected; Redis answers with an error; it is lost. */
    void (*on_ready)(void *user);
    void (*on_refused)(const redisReply *error, void *user);
    void (*on_lost)(const char *reason, const char *said, void *user);
    void (*on_read)(void *user); /* some entries were told on */
    void *user;

    struct cluster_redis *redis; /* NULL: there is no connection */
    char last_id[64];            /* what was read last */
    uint64_t bytes_read;         /* that Redis has not been told of */
    size_t entries_at_once;      /* that are asked for */
    bool is_paused;
};

void cluster_inbox_reader_open(struct cluster_inbox_reader *reader, struct net_loop *loop,
                               const struct cluster_redis_address *address,
                               const struct cluster_redis_login *login, struct net_tls *tls);
void cluster_inbox_reader_close(struct cluster_inbox_reader *reader);

/* The stream is a new one. */
void cluster_inbox_reader_rewind(struct cluster_inbox_reader *reader);

/* Begins, when it is ready; and goes on where it is paused. */
void cluster_inbox_reader_resume(struct cluster_inbox_reader *reader);

/* It should have had an answer by now. */
bool cluster_inbox_reader_is_silent(const struct cluster_inbox_reader *reader, uint64_t now_ms);
