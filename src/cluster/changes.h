/* What webhooks are sent of a cluster: the changes of channels and members, in the order in which
 * Redis applied them (the stream "h" of scripts/apply). One node at a time takes them, for all,
 * and removes each that has been sent: if it dies or loses its link, another one takes what is
 * left.
 *
 * Thread: the cluster's, unless noted.
 */
#pragma once

#include "base/map.h"
#include "cluster/batch.h"
#include "cluster/key.h"
#include "cluster/told.h"

#include <hiredis.h>
#include <pthread.h>
#include <stdatomic.h>

/* A node that has not asked for so long does not take them any more. */
#define CLUSTER_CHANGES_TTL_MS 5000

/* One change; borrowed. */
struct cluster_changes_change {
    size_t link; /* it came from */
    struct bytes id;
    uint64_t time_ms; /* Unix time, Redis' clock */
    char letter;      /* 'o' occupied, 'v' vacated, 'a' added, 'r' removed, 'c' count */
    struct cluster_key key;
    struct bytes text; /* the member, or the count */
    /* Another node may have sent it before it died, or receivers may believe either: it is sent
     * however short it was true. */
    bool is_certain;
};

struct cluster_changes_events {
    /* In order. It stays in Redis until cluster_change_done(). */
    void (*on_change)(const struct cluster_changes_change *change, void *user);
    /* Another node takes the changes of that link: those that are not done must be forgotten. */
    void (*on_lost)(size_t link, void *user);
};

struct cluster_changes {
    /* Fixed before the thread starts. */
    size_t link;
    const struct cluster_changes_events *events; /* NULL: nobody wants changes */
    void *user;

    atomic_bool follows; /* any thread: something is wanted, or was */

    /* Any thread, under the lock. */
    pthread_mutex_t lock;
    struct buffer wanted;     /* which changes of which apps */
    bool is_announced;        /* Redis knows what is wanted */
    struct buffer newly_done; /* ids, each with a blank */

    bool is_leader;
    bool is_catching_up; /* reads what another node has left */
    bool is_pending;
    uint64_t asked_ms;
    uint64_t confirmed_ms;  /* when it asked the question that was answered last */
    uint64_t due_ms;        /* when to ask again */
    char last[32];          /* the id of the last change that was read */
    struct map known;       /* by id: read, and not removed yet */
    struct buffer removing; /* ids whose removal Redis has not confirmed */
    size_t removing_sent;   /* bytes of `removing` that are in the call under way */

    /* Each question of this node has a number, which Redis keeps with its state: if that of the
     * last one that was answered is not there, Redis is behind what this node has told. */
    struct cluster_told told;
    uint64_t asked_number;
    uint64_t answered_number;
    bool is_continued; /* Redis has been found not to be behind, or suspected, since the restart */
    bool is_comparing; /* a call that compares is under way */
};

/* `told_max`: how many channels and members are remembered. */
void cluster_changes_init(struct cluster_changes *changes, size_t link, size_t told_max);
void cluster_changes_deinit(struct cluster_changes *changes);

/* Any thread. `wanted`: for each app its id and the letters, each with its length before it, as
 * struct.unpack('<I4c0') reads it. */
void cluster_changes_want(struct cluster_changes *changes, struct bytes wanted);
void cluster_changes_done(struct cluster_changes *changes, struct bytes id);

/* A node that joins: adds what is wanted to the batch, if anything is, so that no change of its
 * clients is missed before it is asked for. */
void cluster_changes_announce(struct cluster_changes *changes, struct cluster_batch *batch);

/* Whether Redis is to be asked now; if not, whether this node still takes the changes is checked.
 */
bool cluster_changes_is_due(struct cluster_changes *changes, uint64_t now_ms);

/* Whether it is this node that takes them. */
bool cluster_changes_are_taken(const struct cluster_changes *changes);

/* Adds the question to the batch; its answer goes to cluster_changes_take(). */
void cluster_changes_ask(struct cluster_changes *changes, struct cluster_batch *batch,
                         uint64_t now_ms);
void cluster_changes_take(struct cluster_changes *changes, const redisReply *answer,
                          uint64_t now_ms);

/* The last member of that name, or the channel's last subscription, has left this node ('r', 'v'):
 * cluster/told.h. */
void cluster_changes_left(struct cluster_changes *changes, char letter, struct bytes key,
                          struct bytes member, bool is_linked, uint64_t now_ms);

/* This node has joined. `is_empty`: Redis had forgotten what it knew before. */
void cluster_changes_joined(struct cluster_changes *changes, bool is_empty, uint64_t now_ms);

/* Adds some of what Redis is to compare with what was told to the batch; false if there is nothing,
 * or not now. When the batch has been applied, cluster_changes_compared() is to be called. */
bool cluster_changes_compare(struct cluster_changes *changes, struct cluster_batch *batch);
void cluster_changes_compared(struct cluster_changes *changes, uint64_t now_ms);

/* The connection was closed: no answer comes. All that is left will be read again. */
void cluster_changes_restart(struct cluster_changes *changes);
