/* An application's event on its way to a channel's subscribers, or to a user's connections.
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/worker.h"

/* Where an event goes. Its channel is looked up once, when that is first needed. */
struct pusher_publish_target {
    struct pusher_app *app;
    struct bytes name; /* borrowed */
    struct cluster_key key;
    struct channel *channel; /* a reference; NULL: nobody is subscribed on this node */
    bool is_found;
};

/* A client's event to `#server-to-user-…` goes to a channel of that name, an application's to the
 * user. */
struct pusher_publish_target pusher_publish_target_of(struct pusher_app *app, struct bytes name);
struct pusher_publish_target pusher_publish_target_of_client(struct pusher_app *app,
                                                             struct bytes name);
void pusher_publish_target_release(struct pusher_publish_target *target);

/* Whether the workers can take an event; if not, the publisher is refused. */
bool pusher_publish_is_possible(struct pusher_worker *worker, struct pusher_publish_target *target);

/* Whether an event would have receivers, now or later: if not, it need not even be encoded. */
bool pusher_publish_is_wanted(struct pusher_worker *worker, struct pusher_publish_target *target);

/* Publishes to all nodes. `except` is a socket id, 0 for none. */
void pusher_publish(struct pusher_worker *worker, struct pusher_publish_target *target,
                    struct ws_message *event, uint64_t except);

/* The same for a client's event, which is not cached. */
void pusher_publish_of_client(struct pusher_worker *worker, struct pusher_publish_target *target,
                              struct ws_message *event, uint64_t except);
