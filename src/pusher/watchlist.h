/* Notifies a session which of the users that it watches are online. Pusher Channels, "Watchlist
 * online status".
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/session.h"

/* Sets the users that the session watches, a JSON array of user ids as it was sent, and notifies it
 * which of them are online: in several messages if the list is long, which is set piece by piece.
 * The users beyond `max_watched` are not watched, and it is sent an error. Absent: none. */
void pusher_watchlist_set(struct pusher_session *session, struct bytes list_json);
