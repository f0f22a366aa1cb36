/* Events that clients send to each other: `client-*`. Pusher Channels, "Triggering client events".
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/decode.h"
#include "pusher/session.h"

bool pusher_client_event_is_one(const struct pusher_decode_message *message);
void pusher_client_event(struct pusher_session *session, struct pusher_decode_message *message);
