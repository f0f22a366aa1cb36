/* An app: its channels, users, limits and secrets.
 *
 * Thread: any worker. Life: to the end of the process, also when a reload no longer lists it; its
 * settings may be others after each turn of a loop (pusher/apps.h).
 */
#pragma once

#include "channel/registry.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "metrics/app.h"
#include "pusher/observers.h"

struct pusher_app {
    char *id;
    _Atomic(const struct config_app *) settings; /* read with pusher_app_settings() */
    struct channel_registry *channels;
    struct channel_registry *users;    /* by user id: the connections signed in as that user */
    struct channel_registry *watchers; /* by user id: the connections that watch that user */
    const struct pusher_observers *observers; /* NULL: nobody listens */
    struct cluster *cluster;                  /* NULL: this node is the only one */
    struct metrics_app *metrics;              /* a worker each */
    atomic_uint connections_count;
    /* Counted by an observer that listens, and reset by it. */
    _Atomic(uint64_t) messages_sent;
    _Atomic(uint64_t) messages_received;
    atomic_bool has_subscription_counts; /* the setting, for threads that may not read those */
    atomic_bool is_removed;              /* by a reload: no connection comes in any more */
    struct pusher_app *next;
};

/* Main alone makes and frees apps. `observers` hear of channels, `cluster` of subscriptions; both
 * stay the caller's, and may be NULL. */
struct pusher_app *pusher_app_new(const char *id, size_t workers_count,
                                  const struct pusher_observers *observers,
                                  struct cluster *cluster);
void pusher_app_free(struct pusher_app *app);

/* What the nodes call it: one of CLUSTER_KEY_…, and a name. Borrowed from both. */
struct cluster_key pusher_app_key(const struct pusher_app *app, char kind, struct bytes name);

/* The registry of that kind; NULL where it is none. */
struct channel_registry *pusher_app_registry(const struct pusher_app *app, char kind);

/* What that worker counts for it. */
struct metrics_app *pusher_app_metrics(const struct pusher_app *app, size_t worker);

/* Workers only. Not to be kept beyond the turn. */
const struct config_app *pusher_app_settings(struct pusher_app *app);
