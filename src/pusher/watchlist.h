/* Telling a user who of the people they watch is online. Pusher Channels, "Watchlist online
 * status".
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/session.h"

/* Watches each user of the list, an array of user ids as it was sent, and tells who is online. */
void pusher_watchlist_begin(struct pusher_session *session, struct bytes list_json);
void pusher_watchlist_end(struct pusher_session *session);

/* The user has come online or gone: tells those who watch. */
void pusher_watchlist_notify(struct pusher_worker *worker, struct pusher_app *app,
                             struct bytes user_id);
