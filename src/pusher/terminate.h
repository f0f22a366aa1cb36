/* Ends every connection of a user, on all workers. Pusher Channels, "Terminating user connections".
 *
 * Thread: owner of the hub that is asked.
 */
#pragma once

#include "pusher/hub.h"

/* Those signed in as the user, and those that are a presence member of that id. */
void pusher_terminate_user(struct pusher_hub *hub, struct pusher_app *app, struct bytes user_id);

/* All of an app that a reload has taken away; on this worker. */
void pusher_terminate_removed(struct pusher_hub *hub);
