/* Reads a node's inbox, on a connection of its own: waits for entries, hands them to the inbox,
 * deletes them from the stream. Nothing is read while the workers are congested.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/inbox.h"
#include "cluster/redis.h"

/* After so long without an entry, Redis answers that there is none. */
#define CLUSTER_INBOX_READER_BLOCK_MS 1000

struct cluster_inbox_reader {
    /* Fixed. */
    struct cluster_inbox *inbox;
    char *key; /* of the stream */
    bool (*is_congested)(void *user);
    void *congested_user;
    /* It is connected; Redis answered with an error; the connection is lost. */
    void (*on_ready)(void *user);
    void (*on_refused)(const redisReply *error, void *user);
    void (*on_lost)(const char *reason, const char *said, void *user);
    void (*on_read)(void *user); /* some entries were read */
    void *user;

    struct cluster_redis *redis; /* NULL: there is no connection */
    char last_id[64];            /* id of the last entry read */
    uint64_t bytes_read;         /* that were not reported to Redis yet */
    size_t entries_at_once;      /* how many are requested */
    bool is_paused;
};

void cluster_inbox_reader_open(struct cluster_inbox_reader *reader, struct net_loop *loop,
                               const struct cluster_redis_address *address,
                               const struct cluster_redis_login *login, struct net_tls *tls);
void cluster_inbox_reader_close(struct cluster_inbox_reader *reader);

/* The stream is a new one: reads it from its beginning. */
void cluster_inbox_reader_rewind(struct cluster_inbox_reader *reader);

/* Starts reading once it is ready; continues if it was paused. */
void cluster_inbox_reader_resume(struct cluster_inbox_reader *reader);

/* Whether a reply is overdue. */
bool cluster_inbox_reader_is_silent(const struct cluster_inbox_reader *reader, uint64_t now_ms);
