/* Signing in as a user, to receive the user's events. Pusher Channels, "User authentication".
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/decode.h"
#include "pusher/session.h"

/* Sets the users that the session watches: a JSON array as it was sent; absent: none. */
typedef void (*pusher_signin_watch_fn)(struct pusher_session *session, struct bytes list_json);

void pusher_signin(struct pusher_session *session, struct pusher_decode_message *message,
                   pusher_signin_watch_fn watch);

/* Signs out, when the connection ends or signs in as another user. */
void pusher_signin_end(struct pusher_session *session);
