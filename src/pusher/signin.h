/* Signing in as a user, and being reached as one. Pusher Channels, "User authentication".
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/decode.h"
#include "pusher/session.h"

/* The channel that addresses all connections of a user is this and the user's id. */
#define PUSHER_SIGNIN_USER_CHANNEL "#server-to-user-"

void pusher_signin(struct pusher_session *session, struct pusher_decode_message *message);

/* Undoes it, when the connection ends or signs in as somebody else. */
void pusher_signin_end(struct pusher_session *session);

/* Sign-in waits for the other nodes: it no longer does. */
void pusher_signin_complete(struct pusher_session *session);

bool pusher_signin_is_user_channel(struct bytes channel);
struct bytes pusher_signin_user_of_channel(struct bytes channel);

/* Whether the channel is that of the user who has signed in on this connection. */
bool pusher_signin_owns_channel(const struct pusher_session *session, struct bytes channel);
