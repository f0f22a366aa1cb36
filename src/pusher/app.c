#include "pusher/app.h"

#include "base/mem.h"

static void on_channel_change(struct channel *channel, bool is_occupied, void *user)
{
    const struct pusher_app *app = user;

    if (is_occupied)
        PUSHER_EVENTS_TELL(app, on_channel_created, app, channel_name(channel));
    else
        PUSHER_EVENTS_TELL(app, on_channel_removed, app, channel_name(channel));
}

struct pusher_app *pusher_app_new(const char *id, size_t workers_count,
                                  const struct pusher_events_observer *observers)
{
    struct pusher_app *app = mem_new(sizeof *app);

    app->id = bytes_copy(bytes_of(id));
    app->channels = channel_registry_new(workers_count, true);
    app->users = channel_registry_new(workers_count, false);
    app->watchers = channel_registry_new(workers_count, false);
    app->observers = observers;
    if (observers != NULL)
        channel_registry_watch(app->channels, on_channel_change, app);
    atomic_init(&app->settings, NULL);
    atomic_init(&app->messages_sent, 0);
    atomic_init(&app->messages_received, 0);
    atomic_init(&app->connections_count, 0);
    atomic_init(&app->is_removed, false);
    return app;
}

void pusher_app_free(struct pusher_app *app)
{
    channel_registry_free(app->channels);
    channel_registry_free(app->users);
    channel_registry_free(app->watchers);
    free(app->id);
    free(app);
}

const struct config_app *pusher_app_settings(struct pusher_app *app)
{
    return atomic_load_explicit(&app->settings, memory_order_acquire);
}
