/* Joining and leaving channels: `pusher:subscribe`, `pusher:unsubscribe`. Thread: owner. */
#pragma once

#include "pusher/decode.h"
#include "pusher/session.h"

void pusher_subscribe(struct pusher_session *session, struct pusher_decode_message *message);
void pusher_subscribe_end(struct pusher_session *session, struct pusher_decode_message *message);

/* The subscription waits for the other nodes: it no longer does, and is answered by what this node
 * knows. */
void pusher_subscribe_complete(struct pusher_session *session,
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

/* The session's subscription to that channel; NULL where it has none. */
struct channel_subscription *pusher_subscribe_find(struct pusher_session *session,
                                                   struct bytes name);
