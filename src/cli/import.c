#include "cli/import.h"

#include "base/buffer.h"
#include "base/printable.h"
#include "cli/translate.h"
#include "config/env.h"
#include "config/php.h"
#include "config/process.h"
#include "config/read.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LEN_MAX ((size_t)4 * 1024 * 1024)
#define SOKETI "SOKETI_"

/* soketi's variables, without their common prefix. */
static const struct {
    const char *name;
    const char *path;
} variables[] = {
    {"ADAPTER_DRIVER", "adapter.driver"},
    {"CHANNEL_CACHE_TTL", "channel_limits.cache_ttl"},
    {"DB_REDIS_CLUSTER_NODES", "database.redis.cluster_nodes"},
    {"DB_REDIS_DB", "database.redis.db"},
    {"DB_REDIS_HOST", "database.redis.host"},
    {"DB_REDIS_INSTANCE_NAME", "database.redis.name"},
    {"DB_REDIS_KEY_PREFIX", "database.redis.key_prefix"},
    {"DB_REDIS_PASSWORD", "database.redis.password"},
    {"DB_REDIS_PORT", "database.redis.port"},
    {"DB_REDIS_SENTINELS", "database.redis.sentinels"},
    {"DB_REDIS_SENTINEL_PASSWORD", "database.redis.sentinel_password"},
    {"DB_REDIS_USERNAME", "database.redis.username"},
    {"DEBUG", "debug"},
    {"DEFAULT_APP_ENABLED", "app_manager.array.apps.0.enabled"},
    {"DEFAULT_APP_ENABLE_CLIENT_MESSAGES", "app_manager.array.apps.0.enable_client_messages"},
    {"DEFAULT_APP_ID", "app_manager.array.apps.0.id"},
    {"DEFAULT_APP_KEY", "app_manager.array.apps.0.key"},
    {"DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SEC",
     "app_manager.array.apps.0.max_backend_events_per_second"},
    {"DEFAULT_APP_MAX_CLIENT_EVENTS_PER_SEC",
     "app_manager.array.apps.0.max_client_events_per_second"},
    {"DEFAULT_APP_MAX_CONNS", "app_manager.array.apps.0.max_connections"},
    {"DEFAULT_APP_MAX_READ_REQ_PER_SEC", "app_manager.array.apps.0.max_read_requests_per_second"},
    {"DEFAULT_APP_SECRET", "app_manager.array.apps.0.secret"},
    {"DEFAULT_APP_USER_AUTHENTICATION", "app_manager.array.apps.0.enable_user_authentication"},
    {"DEFAULT_APP_WEBHOOKS", "app_manager.array.apps.0.webhooks"},
    {"HOST", "host"},
    {"METRICS_ENABLED", "metrics.enabled"},
    {"METRICS_SERVER_PORT", "metrics.port"},
    {"PATH_PREFIX", "path_prefix"},
    {"PORT", "port"},
    {"SHUTDOWN_GRACE_PERIOD", "shutdown_grace_period"},
    {"SSL_CA", "ssl.ca_path"},
    {"SSL_CERT", "ssl.cert_path"},
    {"SSL_KEY", "ssl.key_path"},
    {"SSL_PASS", "ssl.passphrase"},
    {"WEBHOOKS_BATCHING", "webhooks.batching.enabled"},
    {"WEBHOOKS_BATCHING_DURATION", "webhooks.batching.duration"},
};

static const char *path_of(const char *name)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].path;
    return NULL;
}

/* Lists and objects are JSON; any other value is text, as ids and keys may look like numbers. */
static json_t *value_of(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);

    return value != NULL ? value : json_string(text);
}

static bool take_env(json_t *root, struct bytes text, const char *file, struct buffer *notes,
                     struct buffer *error)
{
    struct config_env env = {0};
    const bool ok = config_env_parse(&env, text, file, error);
    size_t known = 0;

    for (size_t i = 0; ok && i < env.count; i++) {
        const struct config_env_entry *entry = &env.entries[i];
        const char *path;

        if (strncmp(entry->name, SOKETI, strlen(SOKETI)) != 0 || entry->value == NULL)
            continue;
        path = path_of(entry->name + strlen(SOKETI));
        known++;
        if (path != NULL)
            cli_translate_set(root, path, value_of(entry->value));
        else
            buffer_printf(notes, "%s has no counterpart\n", entry->name);
    }
    config_env_deinit(&env);
    if (ok && known == 0)
        buffer_printf(error, "%s is neither JSON nor PHP, and sets no " SOKETI "… variable", file);
    return ok && known > 0;
}

static bool take_json(json_t *root, struct bytes text, const char *file, struct buffer *error)
{
    json_error_t problem;
    json_t *object = json_loadb(text.data, text.len, 0, &problem);
    const bool ok = json_is_object(object);

    if (ok)
        cli_translate_normalise(root, object);
    else if (object == NULL)
        buffer_printf(error, "%s is not JSON: line %d, column %d", file, problem.line,
                      problem.column);
    else
        buffer_printf(error, "%s holds no object", file);
    json_decref(object);
    return ok;
}

/* The file's env() reads the .env of this folder. */
static bool take_php(json_t *root, const char *file, struct buffer *error)
{
    struct config_env env = {0};
    struct buffer text = {0};
    struct buffer json = {0};
    char *php = config_process_find("php");
    bool ok = php != NULL;

    if (!ok)
        buffer_printf(error, "%s cannot be read: there is no php on the PATH", file);
    if (config_read_file(".env", CONFIG_ENV_FILE_LEN_MAX, &text) == 0)
        ok = ok && config_env_parse(&env, buffer_bytes(&text), ".env", error);
    ok = ok && config_php_evaluate(php, file, &env, CONFIG_PHP_TIMEOUT_MS, &json, error) &&
         take_json(root, buffer_bytes(&json), file, error);
    free(php);
    config_env_deinit(&env);
    buffer_deinit(&text);
    buffer_deinit(&json);
    return ok;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t len = strlen(text);

    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static bool take(json_t *root, const char *file, struct buffer *notes, struct buffer *error)
{
    struct buffer text = {0};
    int status;
    bool ok = false;

    if (ends_with(file, ".php"))
        return take_php(root, file, error);
    status = config_read_file(file, FILE_LEN_MAX, &text);
    if (status != 0)
        buffer_printf(error, "%s cannot be read: %s", file, strerror(status));
    else if (ends_with(file, ".json"))
        ok = take_json(root, buffer_bytes(&text), file, error);
    else
        ok = take_env(root, buffer_bytes(&text), file, notes, error);
    buffer_deinit(&text);
    return ok;
}

/* The configuration goes to standard output, the notes to standard error. */
static bool print(json_t *root, struct buffer *notes, struct buffer *error)
{
    json_t *ours = cli_translate(root, notes);
    struct bytes rest = buffer_bytes(notes);
    struct bytes line;
    bool ok;

    while (bytes_next(&rest, '\n', &line))
        if (line.len > 0)
            printable_print_line(stderr, "reverb: %.*s", BYTES_ARGS(line));
    ok = json_dumpf(ours, stdout, JSON_INDENT(4)) == 0 && fputc('\n', stdout) != EOF;
    if (!ok)
        buffer_append_text(error, "the configuration cannot be written to standard output");
    json_decref(ours);
    return ok;
}

int cli_import(int argc, char **argv)
{
    json_t *root = json_object();
    struct buffer notes = {0};
    struct buffer error = {0};
    bool ok = argc == 2 && strncmp(argv[1], "--", 2) != 0;

    if (!ok)
        buffer_append_text(&error, "usage: reverb import FILE");
    ok = ok && take(root, argv[1], &notes, &error) && print(root, &notes, &error);
    if (!ok)
        printable_print_line(stderr, "reverb: %s", buffer_text(&error));
    json_decref(root);
    buffer_deinit(&notes);
    buffer_deinit(&error);
    return ok ? 0 : 1;
}
