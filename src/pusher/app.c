#include "pusher/app.h"

#include "base/hash.h"
#include "base/mem.h"
#include "net/chunk.h"

static void on_channel_change(struct channel *channel, bool is_occupied, void *user)
{
    const struct pusher_app *app = user;

    if (is_occupied)
        PUSHER_OBSERVERS_NOTIFY(app, on_channel_created, app, channel_name(channel));
    else
        PUSHER_OBSERVERS_NOTIFY(app, on_channel_removed, app, channel_name(channel));
}

/* --- names ---------------------------------------------------------------------------------- */

struct cluster_key pusher_app_key(const struct pusher_app *app, char kind, struct bytes name)
{
    return (struct cluster_key){kind, bytes_of(app->id), name};
}

struct channel_registry *pusher_app_registry(const struct pusher_app *app, char kind)
{
    switch (kind) {
    case CLUSTER_KEY_CHANNEL:
        return app->channels;
    case CLUSTER_KEY_USER:
        return app->users;
    case CLUSTER_KEY_WATCH:
        return app->watchers;
    default:
        return NULL;
    }
}

uint16_t pusher_app_backlog_account(const struct pusher_app *app, struct bytes user_id)
{
    return net_chunk_account(hash_pair(hash_bytes(bytes_of(app->id)), hash_bytes(user_id)));
}

/* --- life ----------------------------------------------------------------------------------- */

static struct channel_registry *registry_new(struct pusher_app *app, size_t workers_count,
                                             bool has_kinds)
{
    struct channel_registry *registry = channel_registry_new(workers_count, has_kinds);

    channel_registry_count_into(registry, app->metrics);
    channel_registry_count_refs_in(registry, &app->refs);
    return registry;
}

struct pusher_app *pusher_app_new(const char *id, size_t workers_count,
                                  const struct pusher_observers *observers, struct cluster *cluster)
{
    struct pusher_app *app = mem_new(sizeof *app);

    app->id = bytes_copy(bytes_of(id));
    atomic_init(&app->refs, 0);
    app->backlog_account = net_chunk_account(hash_bytes(bytes_of(id)));
    app->workers_count = workers_count;
    app->metrics = metrics_app_new(workers_count);
    app->channels = registry_new(app, workers_count, true);
    app->users = registry_new(app, workers_count, false);
    app->watchers = registry_new(app, workers_count, false);
    app->observers = observers;
    if (observers != NULL)
        channel_registry_watch(app->channels, on_channel_change, app);
    app->cluster = cluster;
    atomic_init(&app->settings, NULL);
    atomic_init(&app->messages_sent, 0);
    atomic_init(&app->messages_received, 0);
    atomic_init(&app->connections_count, 0);
    atomic_init(&app->has_subscription_counts, false);
    atomic_init(&app->webhook_kinds, 0);
    atomic_init(&app->is_removed, false);
    return app;
}

struct pusher_app *pusher_app_ref(struct pusher_app *app)
{
    atomic_fetch_add_explicit(&app->refs, 1, memory_order_relaxed);
    return app;
}

void pusher_app_unref(struct pusher_app *app)
{
    atomic_fetch_sub_explicit(&app->refs, 1, memory_order_release);
}

void pusher_app_free(struct pusher_app *app)
{
    channel_registry_free(app->channels);
    channel_registry_free(app->users);
    channel_registry_free(app->watchers);
    metrics_app_free(app->metrics, app->workers_count);
    free(app->id);
    free(app);
}

const struct config_app *pusher_app_settings(struct pusher_app *app)
{
    return atomic_load_explicit(&app->settings, memory_order_acquire);
}

struct metrics_app *pusher_app_metrics(const struct pusher_app *app, size_t worker)
{
    return &app->metrics[worker];
}
