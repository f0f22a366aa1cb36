/* The apps this server serves, found by id or key.
 *
 * A removed app is freed when nothing refers to it any more: its connections are closed, the
 * answers that it waits for have come, and its channels are gone.
 *
 * Thread: lookups any worker; all else main, unless noted.
 */
#pragma once

#include "pusher/app.h"

struct pusher_apps;

/* Channels are reported to `observers`, subscriptions to `cluster`; both remain the caller's and
 * may be NULL. */
struct pusher_apps *pusher_apps_new(const struct config *config, size_t workers_count,
                                    const struct pusher_observers *observers,
                                    struct cluster *cluster);
void pusher_apps_free(struct pusher_apps *apps);

/* NULL if there is none. Valid until the worker takes its next mail; who keeps it takes a
 * reference.
 */
struct pusher_app *pusher_apps_find_by_id(struct pusher_apps *apps, struct bytes id);
struct pusher_app *pusher_apps_find_by_key(struct pusher_apps *apps, struct bytes key);

/* Replaces the apps by those of another configuration. Workers may read the former ones until each
 * has ended its turn: then call pusher_apps_forget_former(). */
void pusher_apps_reload(struct pusher_apps *apps, const struct config *config);
/* Also drops the cached events of the removed apps, and ends their settings. */
void pusher_apps_forget_former(struct pusher_apps *apps);

/* Frees the removed apps that nothing refers to. */
void pusher_apps_free_unused(struct pusher_apps *apps);

/* The first of all apps, also of removed ones; the others follow by `next`. */
struct pusher_app *pusher_apps_first(struct pusher_apps *apps);

/* Also finds removed apps. A reference for the caller. Thread: any. */
struct pusher_app *pusher_apps_known(struct pusher_apps *apps, struct bytes id);
