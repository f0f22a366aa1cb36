/* What this node does alone, as a single node or while it cannot reach the others: activates and
 * counts subscriptions, lists members, and reports who is online. pusher/authority.c decides
 * whether it may.
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/session.h"

/* Activates the subscription and sends the welcome, from this node's state. */
void pusher_node_activate(struct pusher_session *session,
                          struct channel_subscription *subscription);

/* Notifies the channel's subscribers of their count, if the app wants that. The count is read and
 * posted under the state lock, so that the last one sent is correct. */
void pusher_node_notify_count(struct pusher_session *session, struct channel *channel);

/* Under the channel's state lock. */
void pusher_node_unlist_member(struct pusher_session *session, struct channel *channel,
                               struct bytes user_id);

/* The session receives the user's events from now on, and is sent the answer to its sign-in. */
void pusher_node_activate_user(struct pusher_session *session);

bool pusher_node_is_online(const struct pusher_app *app, struct bytes user_id);

/* Notifies the user's watchers whether it is online. */
void pusher_node_notify_watchers(struct pusher_worker *worker, struct pusher_app *app,
                                 struct bytes user_id);
