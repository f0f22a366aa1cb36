/* An application's event on its way to a channel's subscribers, or to a user's connections.
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/worker.h"

/* Whether the workers can take an event; if not, the publisher is refused. */
bool pusher_publish_is_possible(struct pusher_worker *worker, struct pusher_app *app,
                                struct bytes name);

/* Whether an event would have receivers, now or later: if not, it need not even be encoded. */
bool pusher_publish_is_wanted(struct pusher_worker *worker, struct pusher_app *app,
                              struct bytes name);

/* Publishes to all nodes. `except` is a socket id, 0 for none. */
void pusher_publish(struct pusher_worker *worker, struct pusher_app *app, struct bytes name,
                    struct ws_message *event, uint64_t except);

/* The same for a client's event, which is not cached. */
void pusher_publish_of_client(struct pusher_worker *worker, struct pusher_app *app,
                              struct bytes name, struct ws_message *event, uint64_t except);
