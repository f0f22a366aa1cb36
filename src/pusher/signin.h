/* Signing in as a user, and being reached as one. Pusher Channels, "User authentication".
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/decode.h"
#include "pusher/session.h"

/* The session watches the users of this list and no others, an array as it was sent; absent: none.
 */
typedef void (*pusher_signin_watch_fn)(struct pusher_session *session, struct bytes list_json);

void pusher_signin(struct pusher_session *session, struct pusher_decode_message *message,
                   pusher_signin_watch_fn watch);

/* Undoes it, when the connection ends or signs in as somebody else. */
void pusher_signin_end(struct pusher_session *session);
