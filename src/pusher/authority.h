/* The one place that asks "this node alone, or all nodes?": is there a cluster, is its link up.
 * What is asked here is answered at once from this node's state (pusher/node.h), or when all nodes
 * know of it (pusher/cluster_events.c); what waits when the link is lost is answered from here as
 * well.
 *
 * Its answers find their connection again by its socket id, so that whoever has gone meanwhile
 * costs nothing: therefore it stands above the session, and tells it by pusher_session_events.
 *
 * Thread: owner, unless said.
 */
#pragma once

#include "pusher/session.h"

/* Makes the cluster hear of the app's channels, if there is one. Main, before workers see the app.
 */
void pusher_authority_adopt(struct pusher_app *app);

/* --- connections --- */

/* Counts it among its app's connections; `on_admitted` says whether there was room. */
void pusher_authority_admit(struct pusher_session *session);

/* One connection less, if it was counted. */
void pusher_authority_dismiss(struct pusher_session *session);

/* --- channels --- */

/* Activates a subscription, and welcomes its connection. Asking again, after a link was lost, is no
 * harm. */
void pusher_authority_subscribe(struct pusher_session *session,
                                struct channel_subscription *subscription);

/* The channel has one subscription less; somebody is left. */
void pusher_authority_unsubscribe(struct pusher_session *session, struct channel *channel);

/* The subscription is one connection more, or less, of a member. It is listed when the subscription
 * is activated, and unlisted with its last connection on any node. */
void pusher_authority_join(struct pusher_session *session,
                           struct channel_subscription *subscription, struct bytes user_id,
                           struct bytes user_info);
void pusher_authority_leave(struct pusher_session *session,
                            struct channel_subscription *subscription);

/* --- users --- */

/* Activates the session's user, and tells it so. Asking again is no harm. */
void pusher_authority_sign_in(struct pusher_session *session);

/* The first connection of a user has come to this node, or the last has gone from it. */
void pusher_authority_notify_watchers(struct pusher_worker *worker, struct pusher_app *app,
                                      struct bytes user_id);

/* Whether the user is online, for `watch`, the session's subscription among those who watch it.
 * False if that is not known at once: if it is online, the session is told later. */
bool pusher_authority_is_online(struct pusher_session *session, struct bytes user_id,
                                const struct channel_subscription *watch);

/* True if each node is told to end the user's connections, this one too; else the caller does. */
bool pusher_authority_terminate(struct pusher_app *app, struct bytes user_id);

/* --- events --- */

/* Whether an event could go to all nodes. A publisher who is told no has not published. */
bool pusher_authority_can_publish(const struct pusher_app *app);

/* Whether somebody on another node may want an event that nobody wants here. */
bool pusher_authority_has_others(const struct pusher_app *app);

/* To all other nodes. True if this one receives it from the cluster like the others, in the one
 * order that all have: so two events of a publisher keep theirs, whichever nodes they met. */
bool pusher_authority_publish(struct pusher_app *app, struct cluster_key key,
                              struct ws_message *event, uint64_t except, uint64_t ttl_ms);

/* --- for pusher/cluster_events.c --- */

/* All nodes have answered pusher_authority_admit(). */
void pusher_authority_on_admitted(struct pusher_session *session, bool is_admitted);

/* A link is lost: what the worker's sessions wait for is asked anew. */
void pusher_authority_on_down(struct pusher_worker *worker);
