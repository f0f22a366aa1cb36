#include "pusher/apps.h"

#include "base/hash.h"
#include "base/mem.h"
#include "pusher/authority.h"

#include <pthread.h>

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
    struct table *former; /* workers may still read it; NULL: none */
    size_t workers_count;
    const struct pusher_observers *observers;
    struct cluster *cluster;

    /* All apps, also removed ones. Main alone changes them, under the lock, and needs none to read.
     */
    pthread_mutex_t lock;
    struct map all;
    struct pusher_app *first;
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

static struct pusher_app *find(const struct pusher_apps *apps, struct bytes id)
{
    const uint64_t hash = hash_bytes(id);

    for (struct map_entry *at = map_first(&apps->all, hash); at != NULL; at = map_next(at, hash)) {
        struct pusher_app *app = LIST_OWNER(at, struct pusher_app, by_id);

        if (bytes_equal(bytes_of(app->id), id))
            return app;
    }
    return NULL;
}

struct pusher_app *pusher_apps_known(struct pusher_apps *apps, struct bytes id)
{
    struct pusher_app *app;

    pthread_mutex_lock(&apps->lock);
    app = find(apps, id);
    if (app != NULL)
        pusher_app_ref(app);
    pthread_mutex_unlock(&apps->lock);
    return app;
}

static struct pusher_app *add(struct pusher_apps *apps, const char *id)
{
    struct pusher_app *app =
        pusher_app_new(id, apps->workers_count, apps->observers, apps->cluster);

    pusher_authority_adopt(app);
    pthread_mutex_lock(&apps->lock);
    map_add(&apps->all, &app->by_id, hash_bytes(bytes_of(app->id)));
    app->next = apps->first;
    apps->first = app;
    pthread_mutex_unlock(&apps->lock);
    return app;
}

/* --- reloading ------------------------------------------------------------------------------ */

static void forget_cached(struct pusher_app *app)
{
    channel_registry_expire(app->channels, UINT64_MAX);
}

static unsigned webhook_kinds(const struct config_app *settings)
{
    unsigned kinds = 0;

    for (size_t i = 0; i < settings->webhooks_count; i++)
        kinds |= settings->webhooks[i].kinds;
    return kinds;
}

/* The app of that id; one that was removed and is not freed yet begins anew. */
static struct pusher_app *take(struct pusher_apps *apps, const struct config_app *settings)
{
    struct pusher_app *app = find(apps, bytes_of(settings->id));

    if (app == NULL)
        app = add(apps, settings->id);
    else if (pusher_app_settings(app) == NULL)
        forget_cached(app);
    atomic_store_explicit(&app->settings, settings, memory_order_release);
    atomic_store(&app->has_subscription_counts, settings->subscription_counts);
    atomic_store(&app->webhook_kinds, webhook_kinds(settings));
    atomic_store(&app->is_removed, false);
    return app;
}

void pusher_apps_reload(struct pusher_apps *apps, const struct config *config)
{
    struct table *table = mem_new(sizeof *table);

    for (struct pusher_app *app = apps->first; app != NULL; app = app->next) {
        atomic_store(&app->is_removed, true);
        atomic_store(&app->webhook_kinds, 0);
    }
    table->entries = mem_new(config->apps_count * sizeof *table->entries);
    for (size_t i = 0; i < config->apps_count; i++) {
        const struct config_app *settings = &config->apps[i];
        struct table_entry *entry = &table->entries[i];

        entry->app = take(apps, settings);
        entry->key = bytes_of(settings->key);
        map_add(&table->by_id, &entry->by_id, hash_bytes(bytes_of(settings->id)));
        map_add(&table->by_key, &entry->by_key, hash_bytes(entry->key));
    }
    apps->former = atomic_exchange(&apps->table, table);
}

void pusher_apps_forget_former(struct pusher_apps *apps)
{
    table_free(apps->former);
    apps->former = NULL;
    for (struct pusher_app *app = apps->first; app != NULL; app = app->next) {
        if (!atomic_load(&app->is_removed) || pusher_app_settings(app) == NULL)
            continue;
        /* An app that later takes its id must see none of its events. */
        pusher_authority_forget_cached(app);
        atomic_store_explicit(&app->settings, NULL, memory_order_release);
    }
}

/* The lock keeps the cluster's thread from finding an app that is freed. */
static bool drop_if_unused(struct pusher_apps *apps, struct pusher_app **link)
{
    struct pusher_app *app = *link;
    bool is_unused;

    if (pusher_app_settings(app) != NULL)
        return false;
    forget_cached(app); /* the other nodes may have published one meanwhile */
    pthread_mutex_lock(&apps->lock);
    is_unused = atomic_load_explicit(&app->refs, memory_order_acquire) == 0;
    if (is_unused) {
        map_remove(&apps->all, &app->by_id);
        *link = app->next;
    }
    pthread_mutex_unlock(&apps->lock);
    if (is_unused)
        pusher_app_free(app);
    return is_unused;
}

void pusher_apps_free_unused(struct pusher_apps *apps)
{
    struct pusher_app **link = &apps->first;

    if (apps->former != NULL)
        return;
    while (*link != NULL)
        if (!drop_if_unused(apps, link))
            link = &(*link)->next;
}

/* --- life ----------------------------------------------------------------------------------- */

struct pusher_apps *pusher_apps_new(const struct config *config, size_t workers_count,
                                    const struct pusher_observers *observers,
                                    struct cluster *cluster)
{
    struct pusher_apps *apps = mem_new(sizeof *apps);

    apps->workers_count = workers_count;
    apps->observers = observers;
    apps->cluster = cluster;
    atomic_init(&apps->table, NULL);
    pthread_mutex_init(&apps->lock, NULL);
    pusher_apps_reload(apps, config);
    return apps;
}

void pusher_apps_free(struct pusher_apps *apps)
{
    struct pusher_app *app = apps->first;

    while (app != NULL) {
        struct pusher_app *next = app->next;

        pusher_app_free(app);
        app = next;
    }
    table_free(atomic_load(&apps->table));
    table_free(apps->former);
    map_deinit(&apps->all);
    pthread_mutex_destroy(&apps->lock);
    free(apps);
}

/* --- lookups -------------------------------------------------------------------------------- */

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
    return apps->first;
}
