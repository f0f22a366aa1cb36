/* Signing in as a user, and being reached as one. Pusher Channels, "User authentication".
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/decode.h"
#include "pusher/session.h"

void pusher_signin(struct pusher_session *session, struct pusher_decode_message *message);

/* Undoes it, when the connection ends or signs in as somebody else. */
void pusher_signin_end(struct pusher_session *session);

/* Sign-in waits for the other nodes: it no longer does. */
void pusher_signin_complete(struct pusher_session *session);
