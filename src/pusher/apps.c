#include "pusher/apps.h"

#include "base/hash.h"
#include "base/mem.h"
#include "pusher/authority.h"

/* Lookups use an immutable table; a reload replaces it by another one. */
struct table_entry {
    struct map_entry by_id;
    struct map_entry by_key;
    struct pusher_app *app;
    struct bytes key; /* of the configuration */
};

struct table {
    struct map by_id;
    struct map by_key;
    struct table_entry *entries;
};

struct pusher_apps {
    _Atomic(struct table *) table;
    struct table *former;
    _Atomic(struct pusher_app *) first; /* all apps, also removed ones */
    size_t workers_count;
    const struct pusher_observers *observers;
    struct cluster *cluster;
};

static void table_free(struct table *table)
{
    if (table == NULL)
        return;
    map_deinit(&table->by_id);
    map_deinit(&table->by_key);
    free(table->entries);
    free(table);
}

static struct pusher_app *add(struct pusher_apps *apps, const char *id)
{
    struct pusher_app *app =
        pusher_app_new(id, apps->workers_count, apps->observers, apps->cluster);

    pusher_authority_adopt(app);
    app->next = atomic_load(&apps->first);
    atomic_store(&apps->first, app);
    return app;
}

struct pusher_app *pusher_apps_known(struct pusher_apps *apps, struct bytes id)
{
    for (struct pusher_app *app = atomic_load(&apps->first); app != NULL; app = app->next)
        if (bytes_equal(bytes_of(app->id), id))
            return app;
    return NULL;
}

/* All apps by their ids, also removed ones, for the time of a reload. */
struct known {
    struct map_entry by_id;
    struct pusher_app *app;
};

static struct known *index_known(struct pusher_apps *apps, struct map *by_id)
{
    struct known *all = NULL;
    size_t cap = 0;
    size_t count = 0;

    for (struct pusher_app *app = atomic_load(&apps->first); app != NULL; app = app->next) {
        all = mem_room(all, count, &cap, sizeof *all);
        all[count++].app = app;
    }
    for (size_t i = 0; i < count; i++)
        map_add(by_id, &all[i].by_id, hash_bytes(bytes_of(all[i].app->id)));
    return all;
}

static struct pusher_app *find_known(const struct map *by_id, struct bytes id)
{
    const uint64_t hash = hash_bytes(id);

    for (struct map_entry *at = map_first(by_id, hash); at != NULL; at = map_next(at, hash)) {
        struct pusher_app *app = LIST_OWNER(at, struct known, by_id)->app;

        if (bytes_equal(bytes_of(app->id), id))
            return app;
    }
    return NULL;
}

void pusher_apps_reload(struct pusher_apps *apps, const struct config *config)
{
    struct table *table = mem_new(sizeof *table);
    struct map by_id = {0};
    struct known *known = index_known(apps, &by_id);

    for (struct pusher_app *app = atomic_load(&apps->first); app != NULL; app = app->next)
        atomic_store(&app->is_removed, true);
    table->entries = mem_new(config->apps_count * sizeof *table->entries);
    for (size_t i = 0; i < config->apps_count; i++) {
        const struct config_app *settings = &config->apps[i];
        struct table_entry *entry = &table->entries[i];

        entry->app = find_known(&by_id, bytes_of(settings->id));
        if (entry->app == NULL)
            entry->app = add(apps, settings->id);
        entry->key = bytes_of(settings->key);
        atomic_store_explicit(&entry->app->settings, settings, memory_order_release);
        atomic_store(&entry->app->has_subscription_counts, settings->subscription_counts);
        atomic_store(&entry->app->is_removed, false);
        map_add(&table->by_id, &entry->by_id, hash_bytes(bytes_of(settings->id)));
        map_add(&table->by_key, &entry->by_key, hash_bytes(entry->key));
    }
    map_deinit(&by_id);
    free(known);
    apps->former = atomic_exchange(&apps->table, table);
}

void pusher_apps_forget_former(struct pusher_apps *apps)
{
    table_free(apps->former);
    apps->former = NULL;
    /* An app that later reuses the id of a removed one must see none of its events. */
    for (struct pusher_app *app = atomic_load(&apps->first); app != NULL; app = app->next)
        if (atomic_load(&app->is_removed))
            channel_registry_expire(app->channels, UINT64_MAX);
}

struct pusher_apps *pusher_apps_new(const struct config *config, size_t workers_count,
                                    const struct pusher_observers *observers,
                                    struct cluster *cluster)
{
    struct pusher_apps *apps = mem_new(sizeof *apps);

    apps->workers_count = workers_count;
    apps->observers = observers;
    apps->cluster = cluster;
    atomic_init(&apps->table, NULL);
    atomic_init(&apps->first, NULL);
    pusher_apps_reload(apps, config);
    return apps;
}

void pusher_apps_free(struct pusher_apps *apps)
{
    struct pusher_app *app = atomic_load(&apps->first);

    while (app != NULL) {
        struct pusher_app *next = app->next;

        pusher_app_free(app);
        app = next;
    }
    table_free(atomic_load(&apps->table));
    table_free(apps->former);
    free(apps);
}

struct pusher_app *pusher_apps_find_by_id(struct pusher_apps *apps, struct bytes id)
{
    const struct table *table = atomic_load_explicit(&apps->table, memory_order_acquire);
    const uint64_t hash = hash_bytes(id);

    for (struct map_entry *at = map_first(&table->by_id, hash); at != NULL;
         at = map_next(at, hash)) {
        const struct table_entry *entry = LIST_OWNER(at, struct table_entry, by_id);

        if (bytes_equal(bytes_of(entry->app->id), id))
            return entry->app;
    }
    return NULL;
}

struct pusher_app *pusher_apps_find_by_key(struct pusher_apps *apps, struct bytes key)
{
    const struct table *table = atomic_load_explicit(&apps->table, memory_order_acquire);
    const uint64_t hash = hash_bytes(key);

    for (struct map_entry *at = map_first(&table->by_key, hash); at != NULL;
         at = map_next(at, hash)) {
        const struct table_entry *entry = LIST_OWNER(at, struct table_entry, by_key);

        if (bytes_equal(entry->key, key))
            return entry->app;
    }
    return NULL;
}

struct pusher_app *pusher_apps_first(struct pusher_apps *apps)
{
    return atomic_load(&apps->first);
}
