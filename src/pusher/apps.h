/* The apps this server serves, found by id or key.
 *
 * Thread: lookups any worker; new, reload and free main.
 */
#pragma once

#include "pusher/app.h"

struct pusher_apps;

/* `observers` hear of channels, `cluster` of subscriptions; both may be NULL, and stay the
 * caller's.
 */
struct pusher_apps *pusher_apps_new(const struct config *config, size_t workers_count,
                                    const struct pusher_observers *observers,
                                    struct cluster *cluster);
void pusher_apps_free(struct pusher_apps *apps);

/* NULL where there is none. */
struct pusher_app *pusher_apps_find_by_id(struct pusher_apps *apps, struct bytes id);
struct pusher_app *pusher_apps_find_by_key(struct pusher_apps *apps, struct bytes key);

/* Takes up the apps of another configuration. Workers may still be looking at the former ones until
 * each has ended its turn: pusher_apps_forget_former() then. */
void pusher_apps_reload(struct pusher_apps *apps, const struct config *config);
/* It also lets go of the cached events of the apps that are gone. */
void pusher_apps_forget_former(struct pusher_apps *apps);

/* The first app; the others follow by `next`: all that there ever were. Any thread. */
struct pusher_app *pusher_apps_first(struct pusher_apps *apps);

/* Of all that there ever were. Any thread: what reloads change is not looked at. */
struct pusher_app *pusher_apps_known(struct pusher_apps *apps, struct bytes id);
