/* An application's event on its way to a channel's subscribers, or to a user's connections.
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/worker.h"

/* Whether the workers can take it. A publisher who is told no has not published. */
bool pusher_publish_is_possible(struct pusher_worker *worker, struct pusher_app *app,
                                struct bytes name);

/* Whether anybody would hear of it, now or later: else an event need not even be written. */
bool pusher_publish_is_wanted(struct pusher_worker *worker, struct pusher_app *app,
                              struct bytes name);

/* To all nodes. `except` is a socket id, 0 for none. */
void pusher_publish(struct pusher_worker *worker, struct pusher_app *app, struct bytes name,
                    struct ws_message *event, uint64_t except);

/* The same for a client's event, which is not kept. */
void pusher_publish_of_client(struct pusher_worker *worker, struct pusher_app *app,
                              struct bytes name, struct ws_message *event, uint64_t except);
