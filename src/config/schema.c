#include "config/schema.h"

#include "config/mistake.h"
#include "config/nearest.h"
#include "config/value.h"
#include "config/webhook.h"

#include <stdlib.h>
#include <string.h>

/* No level of the file has more keys of its own. */
#define CANDIDATES_MAX 64
#define KEY_LEN_MAX 256

/* One kind of object, a server or an app, and the keys that it may have. */
struct scope {
    const struct config_setting *settings;
    size_t settings_count;
    const struct config_setting *laravel;
    size_t laravel_count;
    const char *file_name;
    const char *path; /* of the object in the file */
    bool is_lenient;  /* Laravel accepts any key here, so the application may have its own */
    struct buffer *error;
    struct buffer *warnings;
};

static const struct config_setting *setting_at(const struct scope *scope, size_t index)
{
    if (index < scope->settings_count)
        return &scope->settings[index];
    return &scope->laravel[index - scope->settings_count];
}

static size_t settings_total(const struct scope *scope)
{
    return scope->settings_count + scope->laravel_count;
}

static const struct config_setting *find_setting(const struct scope *scope, const char *key)
{
    for (size_t i = 0; i < settings_total(scope); i++) {
        const struct config_setting *setting = setting_at(scope, i);

        if (setting->key != NULL && strcmp(setting->key, key) == 0)
            return setting;
    }
    return NULL;
}

/* Whether `key` begins with `prefix` and a dot; any key does with "". */
static bool is_below(const char *key, const char *prefix)
{
    size_t len = strlen(prefix);

    return len == 0 || (strncmp(key, prefix, len) == 0 && key[len] == '.');
}

static bool is_parent(const struct scope *scope, const char *prefix)
{
    for (size_t i = 0; i < settings_total(scope); i++) {
        const char *key = setting_at(scope, i)->key;

        if (key != NULL && is_below(key, prefix))
            return true;
    }
    return false;
}

static bool takes_any_key(const struct scope *scope, const char *prefix)
{
    char pattern[KEY_LEN_MAX];

    snprintf(pattern, sizeof pattern, "%s.*", prefix);
    return find_setting(scope, pattern) != NULL;
}

static bool is_unhonoured_tls(const char *prefix, const char *name)
{
    if (strcmp(prefix, "options.tls") != 0 && strcmp(prefix, "scaling.server.tls") != 0)
        return false;
    for (size_t i = 0; config_setting_unhonoured_tls[i] != NULL; i++) {
        if (strcmp(config_setting_unhonoured_tls[i], name) == 0)
            return true;
    }
    return false;
}

static const char *dot_after(const char *path)
{
    return *path ? "." : "";
}

/* PHP's sockets have contexts other than TLS; none of them has a meaning here. */
static bool is_unhonoured(const char *prefix, const char *name)
{
    return is_unhonoured_tls(prefix, name) ||
           (strcmp(prefix, "options") == 0 &&
            (strcmp(name, "tcp") == 0 || strcmp(name, "unix") == 0));
}

/* Suggests a known key: as an error, or as a warning if any key is allowed there. */
static bool suggest(const struct scope *scope, const char *prefix, const char *name)
{
    struct buffer *out = scope->is_lenient ? scope->warnings : scope->error;
    const char *candidates[CANDIDATES_MAX];
    char names[CANDIDATES_MAX][KEY_LEN_MAX];
    size_t count = 0;

    for (size_t i = 0; i < settings_total(scope) && count < CANDIDATES_MAX; i++) {
        const char *key = setting_at(scope, i)->key;
        size_t skip = strlen(prefix) + (*prefix != '\0');

        if (key == NULL || !is_below(key, prefix) || strcmp(key + skip, "*") == 0)
            continue;
        snprintf(names[count], KEY_LEN_MAX, "%.*s", (int)strcspn(key + skip, "."), key + skip);
        candidates[count] = names[count];
        count++;
    }
    if (!scope->is_lenient)
        config_mistake_next(out);
    buffer_printf(out, "%s%s%s%s%s in %s is not a setting; did you mean %s?%s", scope->path,
                  dot_after(scope->path), prefix, dot_after(prefix), name, scope->file_name,
                  config_nearest(name, candidates, count), scope->is_lenient ? "\n" : "");
    return scope->is_lenient;
}

static bool check_type(const struct scope *scope, const struct config_setting *setting,
                       const json_t *value)
{
    const size_t error_len = scope->error->len;
    struct buffer where = {0};
    char *text = NULL;
    bool ok;

    if (setting->is_of_scaling)
        return true; /* not known yet whether it is used */
    buffer_printf(&where, "%s%s%s in %s", scope->path, dot_after(scope->path), setting->key,
                  scope->file_name);
    config_mistake_next(scope->error);
    ok = config_file_text(setting, value, buffer_text(&where), &text, scope->error);
    if (ok && text != NULL && *text != '\0')
        ok = config_value_check(setting, text, buffer_text(&where), scope->error);
    if (ok)
        scope->error->len = error_len;
    free(text);
    buffer_deinit(&where);
    return ok;
}

static bool check_object(const struct scope *scope, const char *prefix, const json_t *object);

static bool check_webhooks(struct scope scope, const json_t *webhooks)
{
    struct buffer path = {0};
    const char *app_path = scope.path;
    json_t *list;
    bool ok = true;

    scope.settings = config_setting_webhook;
    scope.settings_count = config_setting_webhook_count;
    scope.laravel = config_setting_rest_of_webhook;
    scope.laravel_count = config_setting_rest_of_webhook_count;
    if (!json_is_null(webhooks) && !json_is_object(webhooks) && !json_is_array(webhooks)) {
        config_mistake_next(scope.error);
        buffer_printf(scope.error, "%s.webhooks in %s is no list; give [{\"url\": …}]", app_path,
                      scope.file_name);
        return false;
    }
    list = config_webhook_list(webhooks);
    for (size_t i = 0; i < json_array_size(list); i++) {
        buffer_clear(&path);
        buffer_printf(&path, "%s.webhooks.%zu", app_path, i);
        scope.path = buffer_text(&path);
        ok = check_object(&scope, "", json_array_get(list, i)) && ok;
    }
    buffer_deinit(&path);
    json_decref(list);
    return ok;
}

static bool check_key(const struct scope *scope, const char *prefix, const char *name,
                      const json_t *value)
{
    char key[KEY_LEN_MAX];
    const struct config_setting *setting;

    if (scope->settings == config_setting_app && *prefix == '\0' && strcmp(name, "webhooks") == 0)
        return check_webhooks(*scope, value);
    snprintf(key, sizeof key, "%s%s%s", prefix, dot_after(prefix), name);
    if (strchr(name, '.') == NULL && strcmp(name, "*") != 0) {
        setting = find_setting(scope, key);
        if (setting != NULL)
            return check_type(scope, setting, value);
        if (is_parent(scope, key))
            return check_object(scope, key, value);
    }
    if (*prefix != '\0' && takes_any_key(scope, prefix))
        return true;
    if (is_unhonoured(prefix, name)) {
        if (!json_is_null(value))
            buffer_printf(scope->warnings, "%s.%s in %s has no effect here and is left out\n",
                          scope->path, key, scope->file_name);
        return true;
    }
    return suggest(scope, prefix, name);
}

static bool check_object(const struct scope *scope, const char *prefix, const json_t *object)
{
    const char *name;
    json_t *value;
    bool ok = true;

    if (json_is_null(object))
        return true;
    if (!config_file_is_object(object)) {
        config_mistake_next(scope->error);
        buffer_printf(scope->error, "%s%s%s in %s is not an object; give {\"key\": value, …}",
                      scope->path, dot_after(prefix), prefix, scope->file_name);
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        ok = check_key(scope, prefix, name, value) && ok;
    }
    return ok;
}

static bool check_apps(struct scope scope, const json_t *list)
{
    json_t *apps = config_file_elements(list);
    struct buffer path = {0};
    json_t *app;
    size_t index;
    bool ok = true;

    scope.settings = config_setting_app;
    scope.settings_count = config_setting_app_count;
    scope.laravel = config_setting_laravel_app;
    scope.laravel_count = config_setting_laravel_app_count;
    json_array_foreach(apps, index, app)
    {
        buffer_clear(&path);
        buffer_printf(&path, "apps.apps.%zu", index);
        scope.path = buffer_text(&path);
        ok = check_object(&scope, "", app) && ok;
    }
    json_decref(apps);
    buffer_deinit(&path);
    return ok;
}

static bool check_server(struct scope scope, const char *name, const json_t *server)
{
    struct buffer path = {0};
    bool ok;

    buffer_printf(&path, "servers.%s", name);
    scope.settings = config_setting_server;
    scope.settings_count = config_setting_server_count;
    scope.laravel = config_setting_laravel_server;
    scope.laravel_count = config_setting_laravel_server_count;
    scope.path = buffer_text(&path);
    ok = check_object(&scope, "", server);
    buffer_deinit(&path);
    return ok;
}

static const struct config_setting root_keys[] = {
    {.key = "default", .kind = CONFIG_SETTING_TEXT},
    {.key = "servers.*", .kind = CONFIG_SETTING_TEXT},
    {.key = "apps.provider", .kind = CONFIG_SETTING_TEXT},
    {.key = "apps.apps", .kind = CONFIG_SETTING_LIST},
};

/* A common mistake: the list is in the place of the object that holds provider and list. */
static bool refuse_flat_apps(const struct scope *scope)
{
    config_mistake_next(scope->error);
    if (scope->is_lenient)
        buffer_printf(scope->error,
                      "apps in %s is the list of apps itself; write 'apps' => ['provider' => "
                      "'config', 'apps' => [[…]]]",
                      scope->file_name);
    else
        buffer_printf(scope->error,
                      "apps in %s is the list of apps itself; write \"apps\": {\"apps\": [{…}]}",
                      scope->file_name);
    return false;
}

/* The list of apps is not a list of texts: its elements are checked one by one. */
static bool check_root(struct scope scope, const json_t *root)
{
    const char *name;
    json_t *value;
    const json_t *apps = config_file_find(root, "apps");
    bool ok = true;

    scope.settings = root_keys;
    scope.settings_count = sizeof root_keys / sizeof root_keys[0];
    scope.path = "";
    json_object_foreach((json_t *)(uintptr_t)root, name, value)
    {
        if (strcmp(name, "apps") != 0)
            ok = check_key(&scope, "", name, value) && ok;
    }
    if (apps == NULL || json_is_null(apps))
        return ok;
    if (json_is_array(apps) && json_array_size(apps) > 0)
        return refuse_flat_apps(&scope);
    if (!config_file_is_object(apps))
        return check_object(&scope, "apps", apps);
    json_object_foreach((json_t *)(uintptr_t)apps, name, value)
    {
        if (strcmp(name, "apps") != 0)
            ok = check_key(&scope, "apps", name, value) && ok;
    }
    return ok;
}

bool config_schema_check(const struct config_file *file, const char *server, struct buffer *error,
                         struct buffer *warnings)
{
    struct scope scope = {.file_name = file->name,
                          .is_lenient = file->is_resolved || file->is_laravel,
                          .error = error,
                          .warnings = warnings};
    const json_t *servers = config_file_find(file->root, "servers");
    const json_t *entry = json_object_get(servers, server);
    const json_t *apps = config_file_find(file->root, "apps.apps");
    bool ok = check_root(scope, file->root);

    if (json_is_object(servers) && json_object_size(servers) > 0 && entry == NULL) {
        config_mistake_next(error);
        buffer_printf(error, "servers.%s is not in %s; \"default\" must name one of its servers",
                      server, file->name);
        return false;
    }
    if (entry != NULL)
        ok = check_server(scope, server, entry) && ok;
    if (apps == NULL || json_is_null(apps))
        return ok;
    if (!json_is_array(apps) && !json_is_object(apps)) {
        config_mistake_next(error);
        buffer_printf(error, "apps.apps in %s is not a list; give [{\"app_id\": …}]", file->name);
        return false;
    }
    return check_apps(scope, apps) && ok;
}
