/* Ends every connection of a user, on all workers. Pusher Channels, "Terminating user connections".
 *
 * Thread: owner of the hub that is asked.
 */
#pragma once

#include "pusher/worker.h"

/* Those signed in as the user, and those that are a presence member of that id; on all nodes. */
void pusher_terminate_user(struct pusher_worker *worker, struct pusher_app *app,
                           struct bytes user_id);

/* The same, as a cluster has it done on each node. Any thread; `workers`: of all workers. */
void pusher_terminate_user_here(struct pusher_worker *workers, size_t workers_count,
                                struct pusher_app *app, struct bytes user_id);

/* All of an app that a reload has taken away; on this worker. */
void pusher_terminate_removed(struct pusher_worker *worker);
