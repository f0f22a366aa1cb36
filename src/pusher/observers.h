/* How the protocol notifies observers of what happens. An event without an observer costs one
 * comparison.
 *
 * Thread: the worker on which it happened; what the cluster reports, the cluster's. Everything is
 * borrowed for the call.
 */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>

struct pusher_app;
struct pusher_session;

/* Any of these may be NULL. */
struct pusher_observers_events {
    void (*on_connected)(void *user, const struct pusher_session *session);
    void (*on_received)(void *user, const struct pusher_session *session, struct bytes message);
    /* The message was handled without an error. */
    void (*on_handled)(void *user, const struct pusher_session *session, struct bytes message);
    void (*on_control_frame)(void *user, const struct pusher_session *session);
    void (*on_broadcast)(void *user, const struct pusher_app *app, struct bytes channel,
                         struct bytes message);
    /* A message to this client alone, not an event of a channel; the app exists. */
    void (*on_replied)(void *user, const struct pusher_session *session, struct bytes message);
    /* One message to one client, also an event of a channel; the app exists. It is called for each
     * receiver of an event. */
    void (*on_sent)(void *user, const struct pusher_session *session, struct bytes message);
    /* The same as a count: the number of messages to clients of that app. */
    void (*on_sent_count)(void *user, struct pusher_app *app, size_t count);
    void (*on_pinged)(void *user, const struct pusher_session *session);
    void (*on_pruned)(void *user, const struct pusher_session *session); /* it is closed already */
    /* The client is sent an error; `channel` is absent if it concerns none. */
    void (*on_refused)(void *user, const struct pusher_session *session, unsigned code,
                       struct bytes text, struct bytes channel);
    /* The server closes it; on_closed() follows. */
    void (*on_closing)(void *user, const struct pusher_session *session, unsigned code,
                       struct bytes reason);
    void (*on_closed)(void *user, const struct pusher_session *session);
    /* First subscription, last one ended. Under the registry's lock, so that notifications keep the
     * order of events: an observer must only take notes. */
    void (*on_channel_created)(void *user, const struct pusher_app *app, struct bytes channel);
    void (*on_channel_removed)(void *user, const struct pusher_app *app, struct bytes channel);
    /* Of presence channels: a user's first and last connection. Under the channel's lock. */
    void (*on_member_added)(void *user, const struct pusher_app *app, struct bytes channel,
                            struct bytes user_id, struct bytes user_info);
    void (*on_member_removed)(void *user, const struct pusher_app *app, struct bytes channel,
                              struct bytes user_id);
    /* A client has published: `event` is its name, `data` JSON (absent: none was sent), `user_id`
     * that of a presence channel's member, or absent. */
    void (*on_client_event)(void *user, const struct pusher_session *session, struct bytes channel,
                            struct bytes event, struct bytes data, struct bytes user_id);
    /* A newcomer of a cache channel found no cached event. Under the channel's lock. */
    void (*on_cache_miss)(void *user, const struct pusher_app *app, struct bytes channel);
    /* Of an app that has subscription counts. Under the channel's lock. */
    void (*on_subscription_count)(void *user, const struct pusher_app *app, struct bytes channel,
                                  size_t count);
};

/* A chain of observers, fixed before the workers start. */
struct pusher_observers {
    const struct pusher_observers_events *events;
    void *user;
    const struct pusher_observers *next;
};

/* Notifies each observer of `place` (a worker, an app) that has a callback for `event`. */
#define PUSHER_OBSERVERS_NOTIFY(place, event, ...)                                             \
    do {                                                                                       \
        for (const struct pusher_observers *observer_ = (place)->observers; observer_ != NULL; \
             observer_ = observer_->next)                                                      \
            if (observer_->events->event != NULL)                                              \
                observer_->events->event(observer_->user, __VA_ARGS__);                        \
    } while (0)
