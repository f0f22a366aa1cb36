/* Reports this node's state to Redis: what has changed, everything after a new join, and samples to
 * verify that Redis still has them; and requests what other nodes have in the same channels.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/sender.h"
#include "cluster/walk.h"

struct cluster_report {
    struct cluster_state *state;
    struct cluster_sender *sender;
    struct cluster_walk walk; /* over all channels, for one of the three below */
    uint64_t chain;           /* the number of the last requested snapshot */
    size_t verify_bucket;     /* the next one; channels are verified some at a time */
    size_t verify_apps_bucket;
    struct list
        forgotten; /* apps whose cached events are to be forgotten, until Redis has done so */
};

void cluster_report_init(struct cluster_report *report, struct cluster_state *state,
                         struct cluster_sender *sender, struct net_loop *loop);
void cluster_report_deinit(struct cluster_report *report);

/* What Redis does not know yet of that channel, or app; nothing if this node does not have it. */
void cluster_report_subscriptions(struct cluster_report *report, struct bytes key);
void cluster_report_connections(struct cluster_report *report, struct bytes app_id);

/* The app's cached events, which live for `ttl_ms` at most, are to be forgotten. */
void cluster_report_forget_cached(struct cluster_report *report, struct bytes app_id,
                                  uint64_t ttl_ms);
/* Sends what is to be forgotten, also what a lost link may not have transmitted. */
void cluster_report_forgotten(struct cluster_report *report);

/* All that Redis does not know yet. */
void cluster_report_changes(struct cluster_report *report);

/* Everything, to a Redis that knows nothing of this incarnation; in pieces, then calls `on_end`. */
void cluster_report_everything(struct cluster_report *report, void (*on_end)(void *data),
                               void *data);

/* Requests the members and cached events of all channels, in pieces, then calls `on_end`; the next
 * page of one channel's members. */
void cluster_report_ask_for_state(struct cluster_report *report, void (*on_end)(void *data),
                                  void *data);
void cluster_report_ask_for_page(struct cluster_report *report, struct bytes key,
                                 struct bytes cursor);

/* After the link was down: requests which of the users that this node's clients watch are online,
 * and has all subscribers notified of their counts; in pieces. */
void cluster_report_ask_what_is_true(struct cluster_report *report);

/* Verifies some of the channels; the next call continues. */
void cluster_report_verify_some(struct cluster_report *report);
