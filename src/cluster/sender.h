/* Sends batches to Redis, in order, and hears what became of each.
 *
 * Thread: the cluster's. Something may be gathered and sent while there is a connection; who waits
 * for an answer when it is lost gets none.
 */
#pragma once

#include "cluster/batch.h"
#include "cluster/redis.h"

/* A batch was applied; `answer` is an array that begins with "OK". */
typedef void (*cluster_sender_applied_fn)(const redisReply *answer, void *user);

/* Whether Redis has applied all up to a certain moment; else the link was lost before. */
typedef void (*cluster_sender_acked_fn)(bool is_acked, void *data);

struct cluster_sender_sent; /* a batch on its way */

struct cluster_sender {
    /* Fixed. Redis answered that it has applied nothing; `changes_state`: see batch.h. */
    void (*on_refused)(const redisReply *reply, bool changes_state, void *user);
    void *user;
    struct cluster_outbox *outbox; /* whose events are acknowledged */
    _Atomic(uint64_t) *events_sent;

    struct cluster_redis *redis; /* the owner's */
    struct cluster_batch batch;
    struct cluster_sender_sent *last_sent; /* NULL: all was answered */
};

/* Where the next operation goes; what was gathered before may leave first. */
struct cluster_batch *cluster_sender_batch(struct cluster_sender *sender);

/* Sends what was gathered, if anything was. `on_applied` may be NULL. */
void cluster_sender_flush(struct cluster_sender *sender, cluster_sender_applied_fn on_applied);

/* Calls `on_acked` when all that was sent has been applied; false if nothing is under way. */
bool cluster_sender_wait(struct cluster_sender *sender, cluster_sender_acked_fn on_acked,
                         void *data);

/* Whether that part of what a batch answers is `text`. */
bool cluster_sender_is_answer(const redisReply *reply, size_t index, const char *text);
