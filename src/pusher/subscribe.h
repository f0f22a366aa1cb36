/* Joining and leaving channels: `pusher:subscribe`, `pusher:unsubscribe`. Thread: owner. */
#pragma once

#include "pusher/message.h"
#include "pusher/session.h"

void pusher_subscribe(struct pusher_session *session, struct pusher_message *message);
void pusher_subscribe_end(struct pusher_session *session, struct pusher_message *message);

/* The subscription waits for the other nodes: it no longer does, and is answered by what this node
 * knows. */
void pusher_subscribe_complete(struct pusher_session *session,
                               struct channel_subscription *subscription);

/* Leaves one channel of the app; frees the subscription. */
void pusher_subscribe_leave(struct pusher_session *session,
                            struct channel_subscription *subscription);

/* The session's subscription to that channel; NULL where it has none. */
struct channel_subscription *pusher_subscribe_find(struct pusher_session *session,
                                                   struct bytes name);
