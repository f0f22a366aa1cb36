/* Operations for scripts/apply, gathered into one call of it: the counterpart of `events`
 * and `others` there, which explains each.
 *
 * Thread: the cluster's. A batch is begun by its first operation and sent as a whole.
 */
#pragma once

#include "cluster/outbox.h"
#include "cluster/resp.h"
#include "cluster/state.h"

struct cluster_batch {
    /* The first arguments of each call. Borrowed from the owner of the batch. */
    const char *sha;    /* of the script, as Redis knows it */
    const char *prefix; /* of all keys */
    const char *node;
    const char *epoch; /* of the state */
    size_t inbox_bytes_max;
    size_t nodes_count; /* nodes that may be notified of its contents */

    struct cluster_resp command;
    struct buffer packed; /* scratch */
    uint64_t first;       /* the number of its first event; 0: it has none */
    uint64_t last;        /* that of its last event */
    size_t weight;        /* estimated cost in Redis, in µs */
    size_t missing;       /* arguments still to be added to the last operation */
    bool changes_state;   /* not only notifications and queries */
    bool has_others;      /* not only events */
    bool has_undelivered; /* events that this node's subscribers do not have yet */
};

void cluster_batch_deinit(struct cluster_batch *batch);

/* Empties it. */
void cluster_batch_clear(struct cluster_batch *batch);

/* Resets it after its command was sent, which emptied that. */
void cluster_batch_sent(struct cluster_batch *batch);

bool cluster_batch_is_empty(const struct cluster_batch *batch);

/* The estimated work of Redis for it, in µs; that of a long batch is CLUSTER_BATCH_WORK_LONG. */
#define CLUSTER_BATCH_WORK_LONG 1500
size_t cluster_batch_work(const struct cluster_batch *batch);

/* Whether to send it before more is gathered: no call may take Redis long. */
bool cluster_batch_is_long(const struct cluster_batch *batch);

/* `flags`: which state of the channel this node requests (CLUSTER_KEY_IS_…), and whether all
 * subscribers are notified of the count. `chain`: the number of the requested snapshot. */
void cluster_batch_subscriptions(struct cluster_batch *batch, struct bytes key, uint32_t count,
                                 unsigned flags, uint64_t chain);

/* Requests a page of a snapshot. `cursor`: where it continues, "0" at its beginning. */
void cluster_batch_show(struct cluster_batch *batch, struct bytes key, unsigned flags,
                        uint64_t chain, struct bytes cursor);

void cluster_batch_join(struct cluster_batch *batch, struct bytes key, struct bytes user_id,
                        struct bytes user_info);
/* `is_unlisted`: this node's list does not have it any more; it comes back if other nodes have it.
 */
void cluster_batch_leave(struct cluster_batch *batch, struct bytes key, struct bytes user_id,
                         bool is_unlisted);
/* `event` is sent from now on. */
void cluster_batch_event(struct cluster_batch *batch, struct cluster_outbox_event *event);
/* Whether it is of events alone, some of which come back to this node. */
bool cluster_batch_has_echo(const struct cluster_batch *batch);
/* The last operation of such a batch. `last_id`: of the inbox, up to which this node has read it.
 */
void cluster_batch_echo(struct cluster_batch *batch, const char *last_id);
void cluster_batch_await(struct cluster_batch *batch, struct bytes key,
                         struct cluster_waiter waiter, bool notifies_count);
/* Notifies all subscribers of their count. */
void cluster_batch_notify_count(struct cluster_batch *batch, struct bytes key);
void cluster_batch_forget_cached(struct cluster_batch *batch, struct bytes app_id, uint64_t ttl_ms);
void cluster_batch_connections(struct cluster_batch *batch, struct bytes app_id, int64_t change);
void cluster_batch_admit(struct cluster_batch *batch, struct bytes app_id, uint32_t max,
                         struct cluster_waiter waiter);
void cluster_batch_lookup_online(struct cluster_batch *batch, struct bytes user_key,
                                 struct cluster_waiter waiter);

/* `known_number`: the latest of Redis that this node knows of. */
void cluster_batch_hello(struct cluster_batch *batch, const char *epoch, uint64_t known_number);
/* `read_number`: up to which number all streams of this node have been read. `letters`: of the wide
 * ones among them. */
void cluster_batch_heartbeat(struct cluster_batch *batch, size_t keys_count, uint64_t read_number,
                             const char *letters);
void cluster_batch_bytes_read(struct cluster_batch *batch, uint64_t bytes);

/* `user_id`: one of this node's members of the channel; "" if it has none. */
void cluster_batch_verify(struct cluster_batch *batch, struct bytes key, uint32_t count,
                          struct bytes user_id);
/* How many connections of the app this node has reported; Redis may know of more that it has let
 * in. */
void cluster_batch_verify_connections(struct cluster_batch *batch, struct bytes app_id,
                                      int64_t count);
void cluster_batch_renew(struct cluster_batch *batch);
void cluster_batch_give_up(struct cluster_batch *batch, const char *node, const char *heartbeats);
void cluster_batch_reap(struct cluster_batch *batch);
void cluster_batch_remove_previous(struct cluster_batch *batch);
void cluster_batch_all_is_said(struct cluster_batch *batch);
void cluster_batch_probe_memory(struct cluster_batch *batch);
void cluster_batch_leave_cluster(struct cluster_batch *batch);

/* Which changes are kept for webhooks: cluster/changes.h. */
void cluster_batch_want_changes(struct cluster_batch *batch, struct bytes wanted);

/* Takes the changes for webhooks after `last`, if this node is the one to take them, and removes
 * those of `done`, ids with a blank after each. `wanted`: cluster/changes.h; "-": some, as before.
 * `number`: of this question. */
void cluster_batch_changes(struct cluster_batch *batch, struct bytes last, struct bytes done,
                           struct bytes wanted, uint64_t number);

/* A change of that letter was told, or, if `is_unsure`, perhaps: if it is not true, what is true is
 * told. */
void cluster_batch_compare(struct cluster_batch *batch, char letter, struct bytes key,
                           struct bytes member, bool is_unsure);
