/* What this node does by itself, as a single one or while it cannot reach the others: activates,
 * counts, lists members, and says who is online. Whether it may is decided in pusher/authority.c.
 *
 * Thread: owner.
 */
#pragma once

#include "pusher/session.h"

/* The subscription receives from now on, and its connection is welcomed, from this node's state. */
void pusher_node_activate(struct pusher_session *session,
                          struct channel_subscription *subscription);

/* The channel's subscribers are told how many they are, if the app wants that. Read and told under
 * the state lock, so that the last count told is the true one. */
void pusher_node_notify_count(struct pusher_session *session, struct channel *channel);

/* Under the channel's state lock. */
void pusher_node_unlist_member(struct pusher_session *session, struct channel *channel,
                               struct bytes user_id);

/* Who has signed in receives what is sent to the user from now on, and is told so. */
void pusher_node_activate_user(struct pusher_session *session);

bool pusher_node_is_online(const struct pusher_app *app, struct bytes user_id);

/* Tells those who watch the user whether it is online. */
void pusher_node_notify_watchers(struct pusher_worker *worker, struct pusher_app *app,
                                 struct bytes user_id);
