/* Applies the cluster's events on this node: sends events, members and counts to the subscribers of
 * all workers, and answers pending requests.
 *
 * Thread: the cluster's, which calls `pusher_cluster_events_table`; what concerns one connection is
 * posted to its worker.
 */
#pragma once

#include "pusher/worker.h"

struct pusher_cluster_events {
    struct pusher_worker *workers; /* of all workers */
    size_t workers_count;
    struct channel_fanout_set fanouts;
    struct pusher_apps *apps;
    struct cluster *cluster;
    struct buffer scratch; /* for one message being written */
};

/* `user` is a struct pusher_cluster_events. */
extern const struct cluster_events pusher_cluster_events_table;

void pusher_cluster_events_deinit(struct pusher_cluster_events *events);
