/* What one address may do with an app, and with the whole server: the settings `address_limits`.
 *
 * Thread: owner, the worker's.
 */
#pragma once

#include "pusher/session.h"

/* Counts a new WebSocket, until pusher_address_limits_give_connection(). False if it is one too
 * many for the server or for its app. */
bool pusher_address_limits_take_connection(struct pusher_session *session);

/* When it is over; nothing happens if it is not counted. */
void pusher_address_limits_give_connection(struct pusher_session *session);

/* Whether the client of `conn` may make one more request to the app. */
bool pusher_address_limits_take_request(const struct pusher_worker *worker, struct pusher_app *app,
                                        const struct net_conn *conn);
