/* What this node has handed to the webhooks lately: of each channel and each member whether it was
 * told to be there. If Redis turns out to be behind that (a failover to a replica that missed the
 * last changes, a second master, a Redis that comes back empty), the receivers may believe what no
 * later change takes back. So this node has Redis compare (operation "P" of scripts/apply).
 *
 * A Redis that comes back empty has forgotten what other nodes told, too. So each node also
 * remembers who left it, until it is in step again.
 *
 * A place is in one of these states:
 *
 *     handed over ──▶ PENDING ── done ──▶ PRESENT or ABSENT ── Redis is behind ──▶ SUSPECT
 *                        └──────── this node does not send them any more ─────────────┘
 *
 * Thread: the cluster's. Nothing is allocated while nothing is handed over.
 */
#pragma once

#include "base/bytes.h"
#include "base/list.h"
#include "base/map.h"

enum cluster_told_state {
    CLUSTER_TOLD_PENDING, /* handed over; whether the receivers got it is not known */
    CLUSTER_TOLD_PRESENT, /* they were told that it is occupied, or there */
    CLUSTER_TOLD_ABSENT,  /* that it is not, or a count: remembered for a while */
    CLUSTER_TOLD_LEFT,    /* whoever tells: left this node lately, or while the link was down */
    CLUSTER_TOLD_SUSPECT, /* Redis has to be asked */
    CLUSTER_TOLD_STATES_COUNT,
};

struct cluster_told_place {
    struct map_entry entry;
    struct list link; /* in the list of its state, in the order of time */
    enum cluster_told_state state;
    char letter;       /* of the last change handed over: cluster/changes.h */
    bool is_unsure;    /* SUSPECT: the receivers may believe either */
    bool is_comparing; /* SUSPECT: Redis is being asked */
    unsigned handed;   /* changes that are not done yet */
    uint64_t since_ms; /* when its state began */
    size_t key_len;
    size_t member_len;
    char texts[]; /* the key, the member */
};

struct cluster_told {
    struct map places;
    struct list lists[CLUSTER_TOLD_STATES_COUNT];
    size_t counts[CLUSTER_TOLD_STATES_COUNT];
    size_t count_max; /* of PRESENT, ABSENT, and LEFT, four times as many SUSPECT: the oldest are
                       * forgotten */
};

void cluster_told_init(struct cluster_told *told, size_t count_max);
void cluster_told_deinit(struct cluster_told *told);

/* A change is handed over. The place is valid until cluster_told_done(), or until
 * cluster_told_suspect_pending(). */
struct cluster_told_place *cluster_told_hand_over(struct cluster_told *told, char letter,
                                                  struct bytes key, struct bytes text,
                                                  uint64_t now_ms);
/* It was sent, or cancelled. */
void cluster_told_done(struct cluster_told *told, struct cluster_told_place *place,
                       uint64_t now_ms);

/* This node does not send any more what is pending, and does not know whether that came. */
void cluster_told_suspect_pending(struct cluster_told *told, uint64_t now_ms);

/* Redis is behind what was told. */
void cluster_told_suspect_all(struct cluster_told *told, uint64_t now_ms);

/* The last member of that name, or the channel's last subscription, has left this node.
 * `is_linked`: Redis is notified of it at once. */
void cluster_told_left(struct cluster_told *told, char letter, struct bytes key,
                       struct bytes member, bool is_linked, uint64_t now_ms);
/* The link is back. `is_empty`: Redis had forgotten everything; else it reports itself who left. */
void cluster_told_joined(struct cluster_told *told, bool is_empty, uint64_t now_ms);

/* Another node tells: what is not suspect, nor pending, is its. */
void cluster_told_forget(struct cluster_told *told);

/* The suspect to compare after `place`; NULL: the first, at the end none. Members come before
 * channels: who leaves is told before the channel is vacated. */
struct cluster_told_place *cluster_told_next_suspect(const struct cluster_told *told,
                                                     const struct cluster_told_place *place);

/* Redis has compared those that are being compared; or the link was lost before. */
void cluster_told_compared(struct cluster_told *told, uint64_t now_ms);
void cluster_told_not_compared(struct cluster_told *told);

struct bytes cluster_told_key(const struct cluster_told_place *place);
struct bytes cluster_told_member(const struct cluster_told_place *place); /* or "" */
