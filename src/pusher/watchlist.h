/* Telling a user who of the people they watch is online. Pusher Channels, "Watchlist online
 * status".
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/session.h"

/* Watches each user of the list, an array of user ids as it was sent, and nobody else; tells who of
 * them is online. Absent: nobody. */
void pusher_watchlist_set(struct pusher_session *session, struct bytes list_json);
