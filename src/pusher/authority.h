/* The one place that decides between this node alone and all nodes: whether there is a cluster and
 * its link is up. A request is answered immediately, from this node's state (pusher/node.h), or
 * later, when all nodes know of it (pusher/cluster_events.c). If the link to the cluster is lost,
 * this file also answers the requests that are still waiting.
 *
 * Answers find their connection by its socket id, so that one that has closed meanwhile needs no
 * care. So this file is above the session and reports to it by pusher_session_events.
 *
 * Thread: owner, unless noted.
 */
#pragma once

#include "pusher/session.h"

/* Has the app's channels reported to the cluster, if there is one. Main, before workers see the
 * app. */
void pusher_authority_adopt(struct pusher_app *app);

/* The app was removed: no node's clients are sent its cached events any more. Main. */
void pusher_authority_forget_cached(struct pusher_app *app);

/* --- connections --- */

/* Counts the session among its app's connections; calls `on_admitted` with whether there was room.
 */
void pusher_authority_admit(struct pusher_session *session);

/* Removes the session from the count, if it was counted. */
void pusher_authority_dismiss(struct pusher_session *session);

/* --- channels --- */

/* Activates a subscription and sends the welcome. May be repeated, after a link was lost. */
void pusher_authority_subscribe(struct pusher_session *session,
                                struct channel_subscription *subscription);

/* A subscription of the channel has ended; others are left. */
void pusher_authority_unsubscribe(struct pusher_session *session, struct channel *channel);

/* Adds and removes a connection of a member. The member is listed when the subscription is
 * activated, and unlisted with its last connection on any node. */
void pusher_authority_join(struct pusher_session *session,
                           struct channel_subscription *subscription, struct bytes user_id,
                           struct bytes user_info);
void pusher_authority_leave(struct pusher_session *session,
                            struct channel_subscription *subscription);

/* --- users --- */

/* Activates the session's user and sends the answer. May be repeated. */
void pusher_authority_sign_in(struct pusher_session *session);

/* Notifies watchers: the user's first connection to this node was opened, or the last closed. */
void pusher_authority_notify_watchers(struct pusher_worker *worker, struct pusher_app *app,
                                      struct bytes user_id);

/* Whether the user is online; `watch` is the session's subscription among the user's watchers.
 * False if that is not known at once: if the user is online, the session is notified later. */
bool pusher_authority_is_online(struct pusher_session *session, struct bytes user_id,
                                struct channel_subscription *watch);

/* True if all nodes, also this one, will end the user's connections; else the caller must do it
 * here. */
bool pusher_authority_terminate(struct pusher_app *app, struct bytes user_id);

/* --- events --- */

/* Whether an event can be sent to all nodes; if not, the publisher is refused. */
bool pusher_authority_can_publish(const struct pusher_app *app);

/* Whether other nodes may have receivers of an event that has none on this node. */
bool pusher_authority_has_others(const struct pusher_app *app);

/* Publishes to all other nodes. True if this node receives the event from the cluster too, in the
 * same order as all others: so a publisher's events keep their order, whichever nodes they passed.
 */
bool pusher_authority_publish(struct pusher_worker *worker, struct pusher_app *app,
                              struct cluster_key key, struct ws_message *event, uint64_t except,
                              uint64_t ttl_ms);

/* --- for pusher/cluster_events.c --- */

/* The cluster has answered pusher_authority_admit(). */
void pusher_authority_on_admitted(struct pusher_session *session, bool is_admitted);

/* A link is lost: repeats the pending requests of the worker's sessions, piece by piece. */
void pusher_authority_on_down(struct pusher_worker *worker);

/* A link is up: asks what could not be asked before, piece by piece. */
void pusher_authority_on_up(struct pusher_worker *worker);
