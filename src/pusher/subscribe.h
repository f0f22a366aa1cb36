/* Joining and leaving channels: `pusher:subscribe`, `pusher:unsubscribe`. Thread: owner. */
#pragma once

#include "pusher/decode.h"
#include "pusher/session.h"

void pusher_subscribe(struct pusher_session *session, struct pusher_decode_message *message);
void pusher_subscribe_end(struct pusher_session *session, struct pusher_decode_message *message);

/* Leaves one channel of the app; frees the subscription. */
void pusher_subscribe_leave(struct pusher_session *session,
                            struct channel_subscription *subscription);
