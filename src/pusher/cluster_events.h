/* What all nodes of a cluster agreed on, made true on this one: events, members and counts go to
 * the subscribers of all workers, and who waited for an answer gets it.
 *
 * Thread: the cluster's, which calls it by `pusher_cluster_events_table`; what concerns one
 * connection goes to its worker by mail.
 */
#pragma once

#include "pusher/worker.h"

struct pusher_cluster_events {
    struct pusher_worker *workers; /* of all workers */
    size_t workers_count;
    struct channel_fanout **fanouts;
    struct pusher_apps *apps;
    struct buffer scratch; /* for one message being written */
};

/* `user` is a struct pusher_cluster_events. */
extern const struct cluster_events pusher_cluster_events_table;

void pusher_cluster_events_deinit(struct pusher_cluster_events *events);
