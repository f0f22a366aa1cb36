#include "config/apps.h"

#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/origin_pattern.h"
#include "config/resolve.h"
#include "config/variables.h"
#include "config/webhook.h"

#include <stdlib.h>
#include <string.h>

static const char *name_of(const struct config_app *app)
{
    return app->id != NULL ? app->id : "without an id";
}

static bool check_identity(const struct config_app *app, const struct config_input *input,
                           const struct config_input_scope *scope, struct buffer *error)
{
    for (size_t i = 0; i < config_setting_app_count; i++) {
        const struct config_setting *setting = &config_setting_app[i];

        if (!setting->is_identity || !config_value_is_unset(setting, app))
            continue;
        if (!scope->is_listed_app) {
            buffer_printf(error, "the app %s has no %s; set %s", name_of(app), setting->key,
                          setting->variable);
            return false;
        }
        buffer_printf(error, "%s in %s: the app %s has no %s; give one", scope->path,
                      input->file.name, name_of(app), setting->key);
        /* Laravel's file takes them from the environment: the mistake is there. */
        if (input->file.is_laravel)
            buffer_printf(error, " or set %s", setting->variable);
        return false;
    }
    return true;
}

/* An app's entry in a map of those before it. */
struct entry {
    struct map_entry by_id;
    struct map_entry by_key;
    const struct config_app *app;
};

/* The app that has the id; with `is_key` the key. */
static const struct config_app *find_other(const struct map *map, const char *text, bool is_key)
{
    const uint64_t hash = hash_bytes(bytes_of(text));

    for (struct map_entry *at = map_first(map, hash); at != NULL; at = map_next(at, hash)) {
        const struct config_app *other = is_key ? LIST_OWNER(at, struct entry, by_key)->app
                                                : LIST_OWNER(at, struct entry, by_id)->app;

        if (strcmp(is_key ? other->key : other->id, text) == 0)
            return other;
    }
    return NULL;
}

static bool check_unique(const struct config *config, struct buffer *error)
{
    struct entry *entries = mem_new((config->apps_count + 1) * sizeof *entries);
    struct map by_id = {0};
    struct map by_key = {0};
    const size_t error_len = error->len;

    for (size_t i = 0; i < config->apps_count && error->len == error_len; i++) {
        const struct config_app *app = &config->apps[i];
        const struct config_app *same_key = find_other(&by_key, app->key, true);

        if (find_other(&by_id, app->id, false) != NULL)
            buffer_printf(error,
                          "apps.apps.%zu: another app has the id \"%s\" already; give each its own",
                          i, app->id);
        else if (same_key != NULL)
            buffer_printf(
                error,
                "apps.apps.%zu: the apps \"%s\" and \"%s\" have the same key; give each its own", i,
                same_key->id, app->id);
        entries[i].app = app;
        map_add(&by_id, &entries[i].by_id, hash_bytes(bytes_of(app->id)));
        map_add(&by_key, &entries[i].by_key, hash_bytes(bytes_of(app->key)));
    }
    map_deinit(&by_id);
    map_deinit(&by_key);
    free(entries);
    return error->len == error_len;
}

static void warn_of_origins(const struct config_app *app, struct buffer *warnings)
{
    for (size_t i = 0; i < app->allowed_origins_count; i++) {
        const char *pattern = app->allowed_origins[i];

        if (!config_origin_pattern_can_match(bytes_of(pattern)))
            buffer_printf(warnings,
                          "allowed_origins of the app %s: \"%s\" matches no origin; give a host "
                          "alone, such as example.com, *.example.com or [::1], without scheme and "
                          "port\n",
                          app->id, pattern);
    }
}

static bool add_app(struct config *config, const struct config_input *input,
                    const struct config_input_scope *scope, struct buffer *error,
                    struct buffer *warnings)
{
    size_t index = config->apps_count++;
    struct config_app *app = &config->apps[index];

    for (size_t i = 0; i < config_setting_app_count; i++) {
        if (!config_resolve_one(config, input, scope, &config_setting_app[i], index, error))
            return false;
    }
    return check_identity(app, input, scope, error) &&
           config_webhook_load(app, input, scope, error, warnings);
}

static bool add_listed_apps(struct config *config, const struct config_input *input,
                            const json_t *apps, struct buffer *error, struct buffer *warnings)
{
    struct buffer path = {0};
    bool ok = true;

    for (size_t i = 0; ok && i < json_array_size(apps); i++) {
        struct config_input_scope scope = {json_array_get(apps, i), NULL, true};

        buffer_clear(&path);
        buffer_printf(&path, "apps.apps.%zu", i);
        scope.path = buffer_text(&path);
        ok = add_app(config, input, &scope, error, warnings);
    }
    buffer_deinit(&path);
    return ok && check_unique(config, error);
}

static bool environment_names_an_app(const struct config_input *input)
{
    for (size_t i = 0; i < config_setting_app_count; i++) {
        const char *variable = config_setting_app[i].variable;

        if (config_setting_app[i].is_identity &&
            config_env_meaning(getenv(variable)).len +
                    config_env_meaning(config_env_find(&input->env, variable)).len >
                0)
            return true;
    }
    return false;
}

static bool add_app_of_environment(struct config *config, const struct config_input *input,
                                   struct buffer *error, struct buffer *warnings)
{
    const struct config_input_scope scope = {NULL, "app", false};

    if (!environment_names_an_app(input)) {
        buffer_append_text(error, "no app is configured; set REVERB_APP_ID, REVERB_APP_KEY and "
                                  "REVERB_APP_SECRET, or list apps in a configuration file "
                                  "(--config)");
        config_variables_name_others(input, error);
        return false;
    }
    return add_app(config, input, &scope, error, warnings);
}

static bool check_provider(const struct config_input *input, struct buffer *error)
{
    const char *provider = json_string_value(config_file_find(input->file.root, "apps.provider"));

    if (provider == NULL || *provider == '\0' || strcmp(provider, "config") == 0)
        return true;
    buffer_printf(error,
                  "apps.provider in %s: \"%s\" is a provider of its own, which only the Laravel "
                  "package can ask; start with \"php artisan reverb:start\" or give \"config\"",
                  input->file.name, provider);
    return false;
}

static bool load(struct config *config, const struct config_input *input, struct buffer *error,
                 struct buffer *warnings)
{
    const json_t *list = config_file_find(input->file.root, "apps.apps");
    json_t *apps;
    bool ok = true;

    if (!check_provider(input, error))
        return false;
    apps = config_file_elements(list);
    config->apps = mem_new((json_array_size(apps) + 1) * sizeof *config->apps);
    if (json_array_size(apps) > 0)
        ok = add_listed_apps(config, input, apps, error, warnings);
    else if (list == NULL || !input->file.is_resolved)
        ok = add_app_of_environment(config, input, error, warnings);
    /* Else Laravel's provider has none yet; the environment must not add one. */
    json_decref(apps);
    return ok;
}

bool config_apps_load(struct config *config, const struct config_input *input, struct buffer *error,
                      struct buffer *warnings)
{
    if (!load(config, input, error, warnings))
        return false;
    for (size_t i = 0; i < config->apps_count; i++)
        warn_of_origins(&config->apps[i], warnings);
    return true;
}
