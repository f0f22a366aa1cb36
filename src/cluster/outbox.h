/* Events on their way to Redis, kept until it has taken them (and, where this node is to hear them
 * from Redis like the others, until it has): what a lost link left open is sent anew.
 *
 * Each has a number, one more than the one before: whoever gets an event twice knows by it.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "base/list.h"
#include "net/chunk.h"

struct cluster_outbox_event {
    struct list link;
    uint64_t number;
    uint64_t except;
    uint64_t ttl_ms;         /* not 0: of a cache channel */
    struct net_chunk *frame; /* a reference */
    bool is_delivered;       /* this node's subscribers have it */
    bool is_acked;           /* Redis has it */
    uint32_t key_len;
    char key[];
};

struct cluster_outbox {
    struct list events;
    size_t count;
    size_t bytes;
    size_t bytes_max;
    uint64_t next_number;
};

void cluster_outbox_init(struct cluster_outbox *outbox, size_t bytes_max);
void cluster_outbox_deinit(struct cluster_outbox *outbox);

/* What it answers stays until it is dropped. */
struct cluster_outbox_event *cluster_outbox_add(struct cluster_outbox *outbox, struct bytes key,
                                                uint64_t except, struct net_chunk *frame,
                                                uint64_t ttl_ms, bool is_delivered);

/* The oldest one where there is more than may be; else NULL. */
struct cluster_outbox_event *cluster_outbox_surplus(const struct cluster_outbox *outbox);

void cluster_outbox_drop(struct cluster_outbox *outbox, struct cluster_outbox_event *event);

/* This node's subscribers have it now, without having heard it from Redis. */
void cluster_outbox_deliver(struct cluster_outbox *outbox, struct cluster_outbox_event *event);

/* Redis has all up to that number. */
void cluster_outbox_acked(struct cluster_outbox *outbox, uint64_t number);

/* This node has heard that one; false where it is not kept, or was delivered before. */
bool cluster_outbox_received(struct cluster_outbox *outbox, uint64_t number);

struct bytes cluster_outbox_key(const struct cluster_outbox_event *event);
