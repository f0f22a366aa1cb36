/* What all nodes of a cluster agreed on, made true on this one: events, members and counts go to
 * the subscribers of all workers, and who waited for an answer gets it.
 *
 * Thread: the cluster's, which calls it by `pusher_nodes_events`; what concerns one connection goes
 * to its worker by mail.
 */
#pragma once

#include "pusher/hub.h"

struct pusher_nodes {
    struct pusher_hub *hubs; /* of all workers */
    size_t hubs_count;
    struct channel_fanout **fanouts;
    struct pusher_apps *apps;
    struct buffer scratch; /* for one message being written */
};

/* `user` is a struct pusher_nodes. */
extern const struct cluster_events pusher_nodes_events;

void pusher_nodes_deinit(struct pusher_nodes *nodes);
