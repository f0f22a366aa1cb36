/* Sends batches to Redis, in order, and reports the outcome of each.
 *
 * Thread: the cluster's. Operations are gathered and sent only while there is a connection; if it
 * is lost, pending answers do not come.
 *
 * This node's subscribers receive its own events in the order in which Redis has applied them among
 * those of all nodes: their echo. It comes through the inbox; but if nothing unread was in that
 * when Redis applied them, it comes with the answer.
 */
#pragma once

#include "cluster/batch.h"
#include "cluster/redis.h"
#include "metrics/metrics.h"
#include "net/watermark.h"

/* A batch was applied; `answer` is an array that begins with "OK". */
typedef void (*cluster_sender_applied_fn)(const redisReply *answer, void *user);

/* Redis has applied everything up to the call of cluster_sender_wait(); false: the link was lost
 * before. */
typedef void (*cluster_sender_acked_fn)(bool is_acked, void *data);

struct cluster_sender_sent; /* a batch on its way */

struct cluster_sender {
    /* Fixed. Redis answered that it applied nothing of a batch; `changes_state`: see batch.h. */
    void (*on_refused)(const redisReply *reply, bool changes_state, void *user);
    /* The answer of a batch whose echo could come with it; `is_echo`: it did, for the events from
     * `first` to `last`. */
    void (*on_echo)(bool is_echo, uint64_t first, uint64_t last, void *user);
    /* The id of the last entry that was read of the inbox; false if the echo must come through it.
     */
    bool (*is_echo_possible)(char *last_id, size_t last_id_len_max, void *user);
    void *user;
    struct cluster_outbox *outbox; /* its events are marked as acknowledged */
    _Atomic(uint64_t) *events_sent;
    struct metrics_histogram *round_trip_ns; /* from a batch sent to its answer */

    /* The work of what was sent and not answered yet. Any thread: who adds to it beyond the high
     * mark is not read from meanwhile. */
    struct net_watermark pending;

    struct cluster_redis *redis; /* the owner's */
    struct cluster_batch batch;
    struct cluster_sender_sent *last_sent; /* NULL: no answer is pending */
    size_t echoes_count;                   /* pending answers that the echo may come with */
};

/* After the fixed fields. */
void cluster_sender_init(struct cluster_sender *sender);

/* The batch for the next operation; a batch that is long enough is sent first. */
struct cluster_batch *cluster_sender_batch(struct cluster_sender *sender);

/* Sends the batch if it is not empty. `on_applied` may be NULL. */
void cluster_sender_flush(struct cluster_sender *sender, cluster_sender_applied_fn on_applied);

/* Calls `on_acked` when everything sent has been applied; false if no answer is pending. */
bool cluster_sender_wait(struct cluster_sender *sender, cluster_sender_acked_fn on_acked,
                         void *data);

/* Whether that element of a batch's answer is `text`. */
bool cluster_sender_is_answer(const redisReply *reply, size_t index, const char *text);
