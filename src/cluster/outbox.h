/* Events on their way to Redis, kept until Redis has acknowledged them and this node's subscribers
 * have them: what was still pending on a lost link is sent again. The end of a user's connections
 * on all nodes is an event without a frame.
 *
 * Each has a number, higher than the one before, by which a node recognizes an event that comes
 * twice: it passes over one that is not higher than the last. So an event that Redis has refused
 * gets a new number before it is sent again, for a later one may have been applied.
 *
 * Thread: the cluster's, but what is shown.
 */
#pragma once

#include "base/list.h"
#include "net/chunk.h"

#include <stdatomic.h>

struct cluster_outbox_event {
    struct list link;
    uint64_t number;
    uint64_t except;
    uint64_t ttl_ms;         /* not 0: of a cache channel */
    struct net_chunk *frame; /* a reference; NULL: ends the connections of the user `key` */
    bool is_delivered;       /* this node's subscribers have it */
    bool is_sent;            /* Redis may have it */
    bool is_acked;           /* Redis has it */
    unsigned attempts;       /* how often it was sent, while Redis had memory for it */
    uint32_t key_len;
    char key[];
};

struct cluster_outbox {
    struct list events;
    size_t count;
    size_t bytes;
    size_t bytes_max;
    uint64_t next_number;

    /* Count and bytes as cluster_outbox_show() found them; any thread reads. */
    atomic_size_t shown_count;
    atomic_size_t shown_bytes;
};

void cluster_outbox_init(struct cluster_outbox *outbox, size_t bytes_max);
void cluster_outbox_deinit(struct cluster_outbox *outbox);

/* The returned event lives until it is dropped. `frame` may be NULL. */
struct cluster_outbox_event *cluster_outbox_add(struct cluster_outbox *outbox, struct bytes key,
                                                uint64_t except, struct net_chunk *frame,
                                                uint64_t ttl_ms, bool is_delivered);

/* The oldest event if there are more bytes than `bytes_max`; else NULL. */
struct cluster_outbox_event *cluster_outbox_surplus(const struct cluster_outbox *outbox);

void cluster_outbox_drop(struct cluster_outbox *outbox, struct cluster_outbox_event *event);

/* This node's subscribers have it now, without Redis. */
void cluster_outbox_deliver(struct cluster_outbox *outbox, struct cluster_outbox_event *event);

/* Redis has the events with the numbers from `first` to `last`. Returns how many it had not had. */
size_t cluster_outbox_acked(struct cluster_outbox *outbox, uint64_t first, uint64_t last);

/* Redis has none of them. */
void cluster_outbox_refused(struct cluster_outbox *outbox, uint64_t first, uint64_t last);

/* Redis had no memory for what was sent: that is no fault of an event. */
void cluster_outbox_forgive(struct cluster_outbox *outbox);

/* To be called before events are sent again: those that Redis does not have for sure come behind
 * those that it may have, with new numbers. */
void cluster_outbox_renumber(struct cluster_outbox *outbox);

/* That event came back from Redis; false if it is not in the outbox, or was delivered before. */
bool cluster_outbox_received(struct cluster_outbox *outbox, uint64_t number);

void cluster_outbox_show(struct cluster_outbox *outbox);

struct bytes cluster_outbox_key(const struct cluster_outbox_event *event);
