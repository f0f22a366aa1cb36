/* The apps this server serves: each with its own channels, users, limits and secrets.
 *
 * Thread: lookups any worker; new, reload and free main. Life: an app stays to the end of the
 * process, also when a reload no longer lists it; its settings may be others after each turn of a
 * loop.
 */
#pragma once

#include "channel/registry.h"
#include "config/config.h"

struct pusher_app {
    char *id;
    _Atomic(const struct config_app *) settings; /* read with pusher_app_settings() */
    struct channel_registry *channels;
    struct channel_registry *users;    /* by user id: the connections signed in as that user */
    struct channel_registry *watchers; /* by user id: the connections that watch that user */
    atomic_uint connections_count;
    atomic_bool is_removed; /* by a reload: no connection comes in any more */
    struct pusher_app *next;
};

struct pusher_apps;

struct pusher_apps *pusher_apps_new(const struct config *config, size_t workers_count);
void pusher_apps_free(struct pusher_apps *apps);

/* NULL where there is none. */
struct pusher_app *pusher_apps_find_by_id(struct pusher_apps *apps, struct bytes id);
struct pusher_app *pusher_apps_find_by_key(struct pusher_apps *apps, struct bytes key);

/* Not to be kept beyond the turn. */
const struct config_app *pusher_app_settings(struct pusher_app *app);

/* Takes up the apps of another configuration. Workers may still be looking at the former ones until
 * each has ended its turn: pusher_apps_forget_former() then. */
void pusher_apps_reload(struct pusher_apps *apps, const struct config *config);
void pusher_apps_forget_former(struct pusher_apps *apps);

/* The first app; the others follow by `next`. Main, or any worker between reloads. */
struct pusher_app *pusher_apps_first(struct pusher_apps *apps);
