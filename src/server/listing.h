/* What the console lists: the members of a channel, and the nodes of the cluster.
 *
 * Thread: main.
 */
#pragma once

#include "cluster/cluster.h"
#include "pusher/app.h"

/* Appends {"count":300,"members":[{"id":"1","info":"{…}"}]}: the first ones of a long list, and
 * what `user_info` they came with, a JSON text, cut if it is long. With a cluster these are the
 * members on all nodes, if somebody is subscribed on this one. `count` is 0 if nobody is. */
void server_listing_write_members(struct buffer *out, struct pusher_app *app, struct bytes name);

/* Appends {"nodes":[…]}, as cluster_write_nodes() has them; NULL: the only node, and no list. */
void server_listing_write_nodes(struct buffer *out, struct cluster *cluster);
