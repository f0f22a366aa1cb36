/* Ends every connection of a user, on all workers. Pusher Channels, "Terminating user connections".
 *
 * Thread: owner of `worker`, unless noted.
 */
#pragma once

#include "pusher/worker.h"

/* Ends, piece by piece if they are many, the connections that are signed in as the user or are a
 * presence member of that id, on all nodes. */
void pusher_terminate_user(struct pusher_worker *worker, struct pusher_app *app,
                           struct bytes user_id);

/* The same on this node only, as a cluster asks of each node. Any thread; `workers`: all workers.
 */
void pusher_terminate_user_here(struct pusher_worker *workers, size_t workers_count,
                                struct pusher_app *app, struct bytes user_id);

/* Ends the worker's connections to apps that a reload has removed, piece by piece if they are many;
 * calls `on_done` after the last one. */
void pusher_terminate_removed(struct pusher_worker *worker, void (*on_done)(void *user),
                              void *user);
