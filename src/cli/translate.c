#include "cli/translate.h"

#include "cli/translate_webhook.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define REDIS_PORT 6379
#define METRICS_PORT 9601
#define WEBHOOK_DELAY_MS 50
/* Of a path; no setting lies as deep. */
#define DEPTH_MAX 16

enum conversion {
    SAME,
    KILOBYTES,
    MEGABYTES,
    SECONDS, /* soketi has milliseconds */
    ADDRESSES,
};

struct rule {
    const char *theirs; /* a path */
    const char *ours;   /* NULL: not needed here */
    enum conversion conversion;
};

static const struct rule server_rules[] = {
    {"host", "host", SAME},
    {"port", "port", SAME},
    {"path_prefix", "path", SAME},
    {"shutdown_grace_period", "shutdown_timeout", SECONDS},
    {"http_api.request_limit_in_mb", "max_request_size", MEGABYTES},
    {"ssl.cert_path", "options.tls.local_cert", SAME},
    {"ssl.key_path", "options.tls.local_pk", SAME},
    {"ssl.ca_path", "options.tls.cafile", SAME},
    {"ssl.local_cert", "options.tls.local_cert", SAME},
    {"ssl.local_pk", "options.tls.local_pk", SAME},
    {"ssl.passphrase", "options.tls.passphrase", SAME},
    {"ssl.enabled", NULL, SAME},
};

/* Settings of several servers that act as one over Redis. */
static const struct rule redis_rules[] = {
    {"database.redis.host", "scaling.server.host", SAME},
    {"database.redis.port", "scaling.server.port", SAME},
    {"database.redis.username", "scaling.server.username", SAME},
    {"database.redis.password", "scaling.server.password", SAME},
    {"database.redis.db", "scaling.server.database", SAME},
    {"database.redis.sentinels", "scaling.server.hosts", ADDRESSES},
    {"database.redis.sentinel_password", "scaling.server.sentinel_password", SAME},
    {"database.redis.cluster_nodes", "scaling.server.hosts", ADDRESSES},
    {"database.redis.key_prefix", "scaling.prefix", SAME},
};

/* The other servers set these once for all apps. */
static const struct rule common_rules[] = {
    {"allowed_origins", "allowed_origins", SAME},
    {"max_request_size_in_kb", "max_message_size", KILOBYTES},
    {"websocket_max_payload_kb", "max_message_size", KILOBYTES},
    {"channel_limits.cache_ttl", "cache_ttl", SAME},
};

static const struct rule app_rules[] = {
    {"id", "app_id", SAME},
    {"key", "key", SAME},
    {"secret", "secret", SAME},
    {"max_connections", "max_connections", SAME},
    {"capacity", "max_connections", SAME},
    {"allowed_origins", "allowed_origins", SAME},
    {"name", NULL, SAME},
    {"enabled", NULL, SAME},
    {"enable_client_messages", NULL, SAME},
    {"enable_user_authentication", NULL, SAME},
    {"enable_watchlist_events", NULL, SAME},
    {"enable_statistics", NULL, SAME},
    {"max_client_events_per_second", NULL, SAME},
    {"webhooks", NULL, SAME},
};

/* Settings that are not needed here, or that the code below reads itself. */
static const char *const handled[] = {"app_manager.driver",
                                      "app_manager.array",
                                      "adapter.driver",
                                      "apps",
                                      "app_provider",
                                      "debug",
                                      "metrics",
                                      "webhooks",
                                      "mode",
                                      "instance"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* --- their names ---------------------------------------------------------------------------- */

/* "appManager" and "app_manager" are the same name. */
static void append_name(struct buffer *out, struct bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.data[i];

        if (isupper((unsigned char)c) && i > 0)
            buffer_append_char(out, '_');
        buffer_append_char(out, (char)tolower((unsigned char)c));
    }
}

void cli_translate_set(json_t *root, const char *path, json_t *value)
{
    struct bytes rest = bytes_of(path);
    struct bytes part;
    json_t *object = root;

    for (size_t depth = 1; bytes_next(&rest, depth < DEPTH_MAX ? '.' : '\0', &part); depth++) {
        struct buffer name = {0};
        json_t *next;

        append_name(&name, part);
        if (rest.data == NULL) {
            json_object_set_new(object, buffer_text(&name), value);
        } else {
            next = json_object_get(object, buffer_text(&name));
            if (!json_is_object(next)) {
                next = json_object();
                json_object_set_new(object, buffer_text(&name), next);
            }
            object = next;
        }
        buffer_deinit(&name);
    }
}

static json_t *normalised(json_t *value)
{
    json_t *copy;
    json_t *element;
    size_t index;

    if (json_is_object(value)) {
        copy = json_object();
        cli_translate_normalise(copy, value);
        return copy;
    }
    if (!json_is_array(value))
        return json_incref(value);
    copy = json_array();
    json_array_foreach(value, index, element) json_array_append_new(copy, normalised(element));
    return copy;
}

void cli_translate_normalise(json_t *root, json_t *object)
{
    const char *key;
    json_t *value;

    /* The names of headers are not the configuration's. */
    json_object_foreach(object, key, value) cli_translate_set(
        root, key, strcmp(key, "headers") == 0 ? json_incref(value) : normalised(value));
}

static json_t *find(const json_t *object, const char *path)
{
    struct bytes rest = bytes_of(path);
    struct bytes part;
    const json_t *value = object;

    while (bytes_next(&rest, '.', &part))
        value = json_object_getn(value, part.data, part.len);
    return (json_t *)(uintptr_t)value;
}

/* --- values --------------------------------------------------------------------------------- */

/* A number may be given as a text, as from an environment. */
static bool number_of(const json_t *value, double *number)
{
    char *end;

    if (json_is_number(value)) {
        *number = json_number_value(value);
        return true;
    }
    if (!json_is_string(value) || json_string_length(value) == 0)
        return false;
    *number = strtod(json_string_value(value), &end);
    return *end == '\0';
}

static bool is_true(const json_t *value)
{
    return json_is_true(value) ||
           (json_is_string(value) && strcmp(json_string_value(value), "true") == 0) ||
           (json_is_integer(value) && json_integer_value(value) != 0);
}

static bool is_false(const json_t *value)
{
    return json_is_false(value) ||
           (json_is_string(value) && strcmp(json_string_value(value), "false") == 0);
}

/* Absent or empty: not configured. */
static bool is_nothing(const json_t *value)
{
    return value == NULL || json_is_null(value) || is_false(value) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

/* Hosts and ports of several nodes. */
static json_t *addresses(const json_t *nodes)
{
    json_t *list = json_array();
    json_t *node;
    size_t index;

    json_array_foreach(nodes, index, node)
    {
        const char *host = json_string_value(json_object_get(node, "host"));
        double port = REDIS_PORT;
        struct buffer text = {0};

        number_of(json_object_get(node, "port"), &port);
        if (host != NULL) {
            buffer_printf(&text, "%s:%.0f", host, port);
            json_array_append_new(list, json_string(buffer_text(&text)));
        }
        buffer_deinit(&text);
    }
    return list;
}

static json_t *converted(const json_t *value, enum conversion conversion)
{
    double number = 0;

    if (conversion == ADDRESSES)
        return addresses(value);
    if (conversion == SAME || !number_of(value, &number))
        return json_incref((json_t *)(uintptr_t)value);
    if (conversion == KILOBYTES)
        return json_integer((json_int_t)(number * 1024));
    if (conversion == MEGABYTES)
        return json_integer((json_int_t)(number * 1024 * 1024));
    return json_integer((json_int_t)(number >= 1000 ? number / 1000 : number));
}

static void apply(const struct rule *rules, size_t count, const json_t *theirs, json_t *ours)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = find(theirs, rules[i].theirs);

        if (rules[i].ours != NULL && !is_nothing(value))
            cli_translate_set(ours, rules[i].ours, converted(value, rules[i].conversion));
    }
}

/* --- apps ----------------------------------------------------------------------------------- */

/* Our origins are hosts: removes scheme, port and path. */
static void trim_origins(json_t *app)
{
    json_t *origins = json_object_get(app, "allowed_origins");
    json_t *origin;
    size_t index;

    json_array_foreach(origins, index, origin)
    {
        const char *text = json_string_value(origin);
        const char *host = text != NULL ? strstr(text, "://") : NULL;

        host = host != NULL ? host + 3 : text;
        if (host != NULL)
            json_array_set_new(origins, index, json_stringn(host, strcspn(host, ":/")));
    }
}

static void translate_webhooks(const json_t *root, const json_t *theirs, json_t *app,
                               const char *id, struct buffer *notes)
{
    json_t *webhooks = json_object_get(theirs, "webhooks");
    double delay_ms = WEBHOOK_DELAY_MS;

    if (is_nothing(webhooks))
        return;
    number_of(find(root, "webhooks.batching.duration"), &delay_ms);
    if (!is_true(find(root, "webhooks.batching.enabled")))
        delay_ms = -1;
    webhooks = cli_translate_webhook_list(webhooks, delay_ms, id, notes);
    if (json_array_size(webhooks) > 0)
        json_object_set(app, "webhooks", webhooks);
    json_decref(webhooks);
}

/* Converts an id that is a number to text; -1 connections means no limit. */
static void resolve(json_t *app)
{
    const json_t *id = json_object_get(app, "app_id");
    double limit;

    if (json_is_integer(id))
        json_object_set_new(app, "app_id",
                            json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(id)));
    if (number_of(json_object_get(app, "max_connections"), &limit) && limit < 1)
        json_object_del(app, "max_connections");
    trim_origins(app);
}

static bool is_known(const struct rule *rules, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rules[i].theirs, path) == 0)
            return true;
    return false;
}

static void note_unknown_of_app(const json_t *theirs, const char *id, struct buffer *notes)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)theirs, key,
                        value) if (!is_nothing(value) &&
                                   !is_known(app_rules, COUNT(app_rules), key))
        buffer_printf(notes, "app %s: \"%s\" has no counterpart\n", id, key);
}

static void add_app(json_t *apps, const json_t *root, json_t *theirs, struct buffer *notes)
{
    json_t *app = json_object();
    json_t *common = json_object();
    const char *id;
    double events = 0;

    apply(app_rules, COUNT(app_rules), theirs, app);
    apply(common_rules, COUNT(common_rules), root, common);
    json_object_update_missing(app, common);
    json_decref(common);
    resolve(app);
    id = json_string_value(json_object_get(app, "app_id"));
    id = id != NULL ? id : "without an id";
    cli_translate_set(app, "accept_client_events_from",
                      json_string(is_true(json_object_get(theirs, "enable_client_messages"))
                                      ? "members"
                                      : "none"));
    if (number_of(json_object_get(theirs, "max_client_events_per_second"), &events) && events > 0) {
        cli_translate_set(app, "rate_limiting.enabled", json_true());
        cli_translate_set(app, "rate_limiting.max_attempts", json_integer((json_int_t)events));
        cli_translate_set(app, "rate_limiting.decay_seconds", json_integer(1));
        buffer_printf(notes,
                      "app %s: rate_limiting counts every message of a connection, not only "
                      "client events\n",
                      id);
    }
    translate_webhooks(root, theirs, app, id, notes);
    note_unknown_of_app(theirs, id, notes);
    if (is_false(json_object_get(theirs, "enabled")))
        buffer_printf(notes, "app %s is not enabled, and is left out\n", id);
    else
        json_array_append(apps, app);
    json_decref(app);
}

/* A list, or an object whose names count up, as an environment writes it. */
static json_t *translate_apps(const json_t *root, struct buffer *notes)
{
    json_t *theirs = find(root, "app_manager.array.apps");
    json_t *apps = json_array();
    const char *key;
    json_t *app;
    size_t index;

    if (theirs == NULL)
        theirs = find(root, "apps");
    json_array_foreach(theirs, index, app) add_app(apps, root, app, notes);
    if (json_is_object(theirs))
        json_object_foreach(theirs, key, app) add_app(apps, root, app, notes);
    if (json_array_size(apps) == 0)
        buffer_append_text(notes, "no app is listed: add one to apps.apps\n");
    return apps;
}

/* --- the server ----------------------------------------------------------------------------- */

static void translate_scaling(const json_t *root, json_t *server, struct buffer *notes)
{
    const char *driver = json_string_value(find(root, "adapter.driver"));

    if (driver == NULL || strcmp(driver, "local") == 0)
        return;
    if (strncmp(driver, "redis", 5) != 0) {
        buffer_printf(notes, "adapter.driver \"%s\": several servers act as one over Redis here\n",
                      driver);
        return;
    }
    cli_translate_set(server, "scaling.enabled", json_true());
    apply(redis_rules, COUNT(redis_rules), root, server);
    if (!is_nothing(find(root, "database.redis.sentinels"))) {
        json_t *name = find(root, "database.redis.name");

        cli_translate_set(server, "scaling.server.sentinel",
                          json_is_string(name) ? json_incref(name) : json_string("mymaster"));
    } else if (!is_nothing(find(root, "database.redis.cluster_nodes"))) {
        cli_translate_set(server, "scaling.server.cluster", json_true());
    }
}

/* Reachable from this machine only: for others it would need a token. */
static void translate_metrics(const json_t *root, json_t *server, struct buffer *notes)
{
    double port = METRICS_PORT;

    if (!is_true(find(root, "metrics.enabled")))
        return;
    number_of(find(root, "metrics.port"), &port);
    cli_translate_set(server, "admin", json_sprintf("127.0.0.1:%d", (int)port));
    buffer_printf(notes, "metrics are at http://127.0.0.1:%d/metrics, under names of our own\n",
                  (int)port);
}

static bool is_handled(const char *path)
{
    for (size_t i = 0; i < COUNT(handled); i++)
        if (strcmp(handled[i], path) == 0)
            return true;
    return is_known(server_rules, COUNT(server_rules), path) ||
           is_known(common_rules, COUNT(common_rules), path) ||
           is_known(redis_rules, COUNT(redis_rules), path);
}

static bool has_handled_below(const char *name)
{
    const size_t len = strlen(name);

    for (size_t i = 0; i < COUNT(server_rules); i++)
        if (strncmp(server_rules[i].theirs, name, len) == 0 && server_rules[i].theirs[len] == '.')
            return true;
    return strcmp(name, "channel_limits") == 0 || strcmp(name, "app_manager") == 0 ||
           strcmp(name, "adapter") == 0 || strcmp(name, "database") == 0;
}

/* A feature that is off needs no counterpart. A whole group is one line, unless a part of it is
 * known; only the database and the adapter in use are noted. */
static void note_unknown(const json_t *object, const char *prefix, struct buffer *notes)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        struct buffer path = {0};

        buffer_printf(&path, "%s%s", prefix, key);
        if (is_nothing(value) || is_handled(buffer_text(&path)) ||
            is_false(json_object_get(value, "enabled"))) {
            buffer_deinit(&path);
            continue;
        }
        if (*prefix == '\0' && json_is_object(value) && has_handled_below(key)) {
            buffer_append_char(&path, '.');
            if (strcmp(key, "database") != 0 && strcmp(key, "adapter") != 0)
                note_unknown(value, buffer_text(&path), notes);
        } else {
            buffer_printf(notes, "\"%s\" has no counterpart\n", buffer_text(&path));
        }
        buffer_deinit(&path);
    }
}

json_t *cli_translate(json_t *root, struct buffer *notes)
{
    json_t *ours = json_object();
    json_t *server = json_object();

    if (is_false(find(root, "ssl.enabled")))
        json_object_del(root, "ssl");
    apply(server_rules, COUNT(server_rules), root, server);
    translate_scaling(root, server, notes);
    translate_metrics(root, server, notes);
    cli_translate_set(ours, "servers.reverb", server);
    cli_translate_set(ours, "apps.apps", translate_apps(root, notes));
    if (is_true(find(root, "debug")))
        buffer_append_text(notes, "debug: start the server with --debug\n");
    note_unknown(root, "", notes);
    return ours;
}
