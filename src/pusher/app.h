/* An app: its channels, users, limits and secrets.
 *
 * Thread: any worker. Life: to the end of the process, also when a reload no longer lists it; its
 * settings may be others after each turn of a loop (pusher/apps.h).
 */
#pragma once

#include "channel/registry.h"
#include "config/config.h"
#include "pusher/events.h"

struct pusher_app {
    char *id;
    _Atomic(const struct config_app *) settings; /* read with pusher_app_settings() */
    struct channel_registry *channels;
    struct channel_registry *users;    /* by user id: the connections signed in as that user */
    struct channel_registry *watchers; /* by user id: the connections that watch that user */
    const struct pusher_events_observer *observers; /* NULL: nobody listens */
    atomic_uint connections_count;
    /* Counted by an observer that listens, and reset by it. */
    _Atomic(uint64_t) messages_sent;
    _Atomic(uint64_t) messages_received;
    atomic_bool is_removed; /* by a reload: no connection comes in any more */
    struct pusher_app *next;
};

/* Main alone makes and frees apps. `observers` hear of channels, and stay the caller's. */
struct pusher_app *pusher_app_new(const char *id, size_t workers_count,
                                  const struct pusher_events_observer *observers);
void pusher_app_free(struct pusher_app *app);

/* Not to be kept beyond the turn. */
const struct config_app *pusher_app_settings(struct pusher_app *app);
