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

/* Who has signed in is told so: at once by what this node knows, or when all nodes know of it.
 * Asking again, after a link was lost, is no harm. */
void pusher_signin_await(struct pusher_session *session);

/* All nodes know of it. */
void pusher_signin_complete(struct pusher_session *session);
