/* "This happened": how the protocol tells observers, of which it knows nothing else. Whatever
 * nobody listens to costs one comparison.
 *
 * Thread: the worker on which it happened. Everything is borrowed for the call.
 */
#pragma once

#include "base/bytes.h"

struct pusher_app;
struct pusher_session;

/* Any of these may be NULL. */
struct pusher_events {
    void (*on_connected)(void *user, const struct pusher_session *session);
    void (*on_received)(void *user, const struct pusher_session *session, struct bytes message);
    void (*on_handled)(void *user, const struct pusher_session *session);
    void (*on_control_frame)(void *user, const struct pusher_session *session, bool is_ping);
    void (*on_broadcast)(void *user, const struct pusher_app *app, struct bytes channel,
                         struct bytes message);
    void (*on_pinged)(void *user, const struct pusher_session *session);
    void (*on_pruned)(void *user, const struct pusher_session *session);
    void (*on_closed)(void *user, const struct pusher_session *session);
};

/* Tells `event`, with its arguments, to the hub's observer where it listens. */
#define PUSHER_EVENTS_TELL(hub, event, ...)                        \
    do {                                                           \
        if ((hub)->events != NULL && (hub)->events->event != NULL) \
            (hub)->events->event((hub)->events_user, __VA_ARGS__); \
    } while (0)
