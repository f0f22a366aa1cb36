/* An app: its channels, users, limits and secrets.
 *
 * Thread: any. Life: pusher/apps.h frees it some time after a reload no longer lists it: whoever
 * keeps it beyond a turn of its loop holds a reference; each of its channels does. Its settings may
 * change after each turn, and end with the turn in which it is removed.
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
    const struct pusher_observers *observers; /* NULL: none */
    struct cluster *cluster;                  /* NULL: this node is the only one */
    struct metrics_app *metrics;              /* one element a worker */
    uint16_t backlog_account;                 /* net/chunk.h; fixed */
    atomic_size_t refs;                       /* 0: only the list has it */
    size_t workers_count;
    atomic_uint connections_count;
    /* An observer counts and resets these. */
    _Atomic(uint64_t) messages_sent;
    _Atomic(uint64_t) messages_received;
    atomic_bool has_subscription_counts; /* the setting, for threads that may not read `settings` */
    atomic_uint webhook_kinds;           /* which events its webhooks want, one bit each kind */
    atomic_bool is_removed;              /* by a reload: it accepts no connections any more */

    /* For pusher/apps.c. */
    struct map_entry by_id;
    struct pusher_app *next;
};

/* Only pusher/apps.c makes and frees apps, on the main thread. Channels are reported to
 * `observers`, subscriptions to `cluster`; both remain the caller's and may be NULL. */
struct pusher_app *pusher_app_new(const char *id, size_t workers_count,
                                  const struct pusher_observers *observers,
                                  struct cluster *cluster);
void pusher_app_free(struct pusher_app *app);

struct pusher_app *pusher_app_ref(struct pusher_app *app);
void pusher_app_unref(struct pusher_app *app);

/* The key by which nodes identify it: one of CLUSTER_KEY_…, and a name. Borrowed from both. */
struct cluster_key pusher_app_key(const struct pusher_app *app, char kind, struct bytes name);

/* The registry of that kind; NULL if it is none. */
struct channel_registry *pusher_app_registry(const struct pusher_app *app, char kind);

/* The worker's counters for the app. */
struct metrics_app *pusher_app_metrics(const struct pusher_app *app, size_t worker);

/* The account (net/chunk.h) for what the connections of that user do not read. */
uint16_t pusher_app_backlog_account(const struct pusher_app *app, struct bytes user_id);

/* Workers only. Valid until the end of the turn; NULL if the app was removed before. */
const struct config_app *pusher_app_settings(struct pusher_app *app);
