/* Joining and leaving channels: `pusher:subscribe`, `pusher:unsubscribe`. Thread: owner. */
#pragma once

#include "pusher/decode.h"
#include "pusher/session.h"

void pusher_subscribe(struct pusher_session *session, struct pusher_decode_message *message);
void pusher_subscribe_end(struct pusher_session *session, struct pusher_decode_message *message);

/* Activates a subscription and answers it: at once by what this node knows, or when all nodes know
 * of it. Asking again, after a link was lost, is no harm. */
void pusher_subscribe_await(struct pusher_session *session,
                            struct channel_subscription *subscription);

/* What a newcomer is told first: that it is subscribed, and who is there; and of a cache channel
 * the last event, or that there is none (NULL for other channels). Any thread, under the channel's
 * state lock; both are written in `scratch`, and the caller's. */
struct ws_message *pusher_subscribe_welcome(struct channel *channel, struct buffer *scratch);
struct ws_message *pusher_subscribe_cached(struct channel *channel, uint64_t now_ms,
                                           struct buffer *scratch);

/* Leaves one channel of the app; frees the subscription. */
void pusher_subscribe_leave(struct pusher_session *session,
                            struct channel_subscription *subscription);
