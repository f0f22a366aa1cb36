#include "config/webhook.h"

#include "base/mem.h"
#include "config/mistake.h"
#include "config/nearest.h"
#include "config/value.h"

#include <stdlib.h>
#include <string.h>

#define URL_LEN_MAX 2048
/* In the place of a URL, which has a colon. */
#define ARTISAN "artisan"

/* --- a webhook ------------------------------------------------------------------------------ */

void config_webhook_deinit(struct config_webhook *webhook)
{
    for (size_t i = 0; i < config_setting_webhook_count; i++)
        config_value_clear(&config_setting_webhook[i], webhook);
    for (size_t i = 0; i < webhook->headers_count; i++)
        free(webhook->headers[i]);
    free(webhook->headers);
    free(webhook->where);
    *webhook = (struct config_webhook){0};
}

static char *copy_text(const char *text)
{
    return text != NULL ? bytes_copy(bytes_of(text)) : NULL;
}

static char **copy_list(char *const *list, size_t count)
{
    char **copy = mem_new((count + 1) * sizeof *copy);

    for (size_t i = 0; i < count; i++)
        copy[i] = copy_text(list[i]);
    return copy;
}

void config_webhook_copy(struct config_webhook *copy, const struct config_webhook *webhook)
{
    *copy = *webhook;
    copy->where = copy_text(webhook->where);
    copy->url = copy_text(webhook->url);
    copy->events = copy_list(webhook->events, webhook->events_count);
    copy->headers = copy_list(webhook->headers, webhook->headers_count);
    copy->channel_starts_with = copy_text(webhook->channel_starts_with);
    copy->channel_ends_with = copy_text(webhook->channel_ends_with);
}

void config_webhook_free_all(struct config_app *app)
{
    for (size_t i = 0; i < app->webhooks_count; i++)
        config_webhook_deinit(&app->webhooks[i]);
    free(app->webhooks);
    app->webhooks = NULL;
    app->webhooks_count = 0;
}

bool config_webhook_matches(const struct config_webhook *webhook, struct bytes channel)
{
    const struct bytes head = bytes_of(webhook->channel_starts_with);
    const struct bytes tail = bytes_of(webhook->channel_ends_with);

    return bytes_starts_with(channel, head) && channel.len >= tail.len &&
           bytes_equal(bytes_from(channel, channel.len - tail.len), tail);
}

/* --- its URL -------------------------------------------------------------------------------- */

struct url {
    struct bytes scheme;
    struct bytes user; /* and password; absent: none */
    struct bytes host; /* and port */
    struct bytes path; /* and query */
};

static bool split(struct bytes text, struct url *url)
{
    const char *scheme_end = memmem(text.data, text.len, "://", 3);
    const char *at;
    size_t len;

    *url = (struct url){0};
    if (scheme_end == NULL)
        return false;
    url->scheme = (struct bytes){text.data, (size_t)(scheme_end - text.data)};
    text = bytes_from(text, url->scheme.len + 3);
    len = 0;
    while (len < text.len && strchr("/?#", text.data[len]) == NULL)
        len++;
    url->host = (struct bytes){text.data, len};
    url->path = bytes_from(text, len);
    at = bytes_find_last(url->host, '@');
    if (at != NULL) {
        url->user = (struct bytes){url->host.data, (size_t)(at - url->host.data)};
        url->host = bytes_from(url->host, url->user.len + 1);
    }
    return true;
}

bool config_webhook_is_artisan(const struct config_webhook *webhook)
{
    return strcmp(webhook->url, ARTISAN) == 0;
}

/* What is wrong with a URL; NULL: nothing. */
static const char *why_not(struct bytes text)
{
    struct url url;
    struct bytes port;
    const char *colon;
    uint64_t number;

    if (text.len > URL_LEN_MAX)
        return "is too long";
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return "has a character that a URL cannot have; escape it, and write a name of other "
                   "letters in punycode";
    if (!split(text, &url) || !(bytes_equal_ignoring_case(url.scheme, BYTES("https")) ||
                                bytes_equal_ignoring_case(url.scheme, BYTES("http"))))
        return "is not a URL of http or https";
    colon = bytes_find_last(url.host, ':');
    if (colon != NULL &&
        memchr(colon, ']', url.host.len - (size_t)(colon - url.host.data)) == NULL) {
        port = bytes_from(url.host, (size_t)(colon - url.host.data) + 1);
        url.host.len -= port.len + 1;
        if (port.len == 0 || !bytes_to_number(port, UINT16_MAX, &number) || number == 0)
            return "has a port that cannot be one";
    }
    return url.host.len == 0 ? "has no host" : NULL;
}

void config_webhook_print_url(const char *text, struct buffer *out)
{
    struct url url;

    if (strcmp(text, ARTISAN) == 0)
        buffer_append_text(out, ARTISAN);
    if (!split(bytes_of(text), &url))
        return;
    url.path.len = url.path.len > 0 ? strcspn(url.path.data, "?#") : 0;
    buffer_append_bytes(out, url.scheme);
    buffer_append_text(out, "://");
    buffer_append_bytes(out, url.host);
    buffer_append_bytes(out, url.path);
}

/* --- reading one ---------------------------------------------------------------------------- */

static bool read_setting(struct config_webhook *webhook, const struct config_input *input,
                         const struct config_input_scope *scope,
                         const struct config_setting *setting, struct buffer *error)
{
    struct config_input_value value;
    bool ok = config_input_find(input, scope, setting, &value, error);

    if (!ok)
        return false;
    if (value.text != NULL)
        ok = config_value_set(setting, webhook, value.text, value.where, error);
    else if (setting->fallback != NULL)
        ok = config_value_set(setting, webhook, setting->fallback, "default", error);
    if (value.text != NULL && webhook->where == NULL)
        webhook->where = bytes_copy(bytes_of(value.where));
    config_input_value_deinit(&value);
    return ok;
}

static bool read_kinds(struct config_webhook *webhook, struct buffer *error)
{
    for (size_t i = 0; i < webhook->events_count; i++) {
        size_t kind = 0;

        while (kind < CONFIG_WEBHOOK_KINDS_COUNT &&
               strcmp(webhook->events[i], config_setting_webhook_kinds[kind]) != 0)
            kind++;
        if (kind == CONFIG_WEBHOOK_KINDS_COUNT) {
            buffer_printf(error,
                          "events of the webhook of %s: \"%s\" is no event; did you mean %s?",
                          webhook->where, webhook->events[i],
                          config_nearest(webhook->events[i], config_setting_webhook_kinds,
                                         CONFIG_WEBHOOK_KINDS_COUNT));
            return false;
        }
        webhook->kinds |= 1u << kind;
    }
    if (webhook->kinds == 0)
        buffer_printf(error,
                      "events of the webhook of %s: none is named; give some, or leave it out",
                      webhook->where);
    return webhook->kinds != 0;
}

static bool is_token(const char *name)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return *name != '\0' && name[strspn(name, token)] == '\0';
}

/* Those that the server sets itself. */
static bool is_own_header(const char *name)
{
    static const char *const own[] = {
        "Content-Type",     "Content-Length", "Transfer-Encoding",  "Host",
        "Connection",       "X-Pusher-Key",   "X-Pusher-Signature", "webhook-id",
        "webhook-timestamp"};

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (bytes_equal_ignoring_case(bytes_of(name), bytes_of(own[i])))
            return true;
    return false;
}

static bool read_headers(struct config_webhook *webhook, const json_t *headers,
                         struct buffer *error)
{
    const char *name;
    json_t *value;

    webhook->headers = mem_new((json_object_size(headers) + 1) * sizeof *webhook->headers);
    json_object_foreach((json_t *)(uintptr_t)headers, name, value)
    {
        const char *text = json_string_value(value);
        struct buffer line = {0};

        if (text == NULL || !is_token(name) || is_own_header(name) ||
            strpbrk(text, "\r\n") != NULL) {
            buffer_printf(error,
                          "headers of the webhook of %s: \"%s\" cannot be sent; give {\"Name\": "
                          "\"value\"}, without line ends, and none that the server sets itself",
                          webhook->where, name);
            return false;
        }
        buffer_printf(&line, *text != '\0' ? "%s: %s" : "%s;%s", name, text);
        webhook->headers[webhook->headers_count++] = bytes_copy(buffer_bytes(&line));
        buffer_deinit(&line);
    }
    return true;
}

static bool check(struct config_webhook *webhook, const struct config_input_scope *scope,
                  struct buffer *error)
{
    const char *problem =
        config_webhook_is_artisan(webhook) ? NULL : why_not(bytes_of(webhook->url));
    struct buffer shown = {0};

    if (problem == NULL)
        return read_kinds(webhook, error) &&
               read_headers(webhook, json_object_get(scope->object, "headers"), error);
    config_webhook_print_url(webhook->url, &shown);
    buffer_printf(error, "%s: \"%s\" %s; give one such as https://example.com/webhooks, or artisan",
                  webhook->where, shown.len > 0 ? buffer_text(&shown) : webhook->url, problem);
    buffer_deinit(&shown);
    return false;
}

/* A webhook without a URL, as Laravel's file has one if its variable is not set, is none. */
static bool read_one(struct config_app *app, const struct config_input *input,
                     const struct config_input_scope *scope, struct buffer *error)
{
    struct config_webhook *webhook = &app->webhooks[app->webhooks_count++];
    const size_t error_len = error->len;
    bool ok = true;

    config_mistake_next(error);
    for (size_t i = 0; ok && i < config_setting_webhook_count; i++)
        ok = read_setting(webhook, input, scope, &config_setting_webhook[i], error);
    if (ok && webhook->url == NULL) {
        config_webhook_deinit(webhook);
        app->webhooks_count--;
    } else if (ok) {
        ok = check(webhook, scope, error);
    }
    if (ok)
        error->len = error_len;
    return ok;
}

/* --- all of an app -------------------------------------------------------------------------- */

json_t *config_webhook_list(const json_t *webhooks)
{
    json_t *list;

    if (!json_is_object(webhooks) || json_object_get(webhooks, "0") != NULL)
        return config_file_elements(webhooks);
    list = json_array();
    if (json_object_size(webhooks) > 0)
        json_array_append(list, (json_t *)(uintptr_t)webhooks);
    return list;
}

static void warn_of_counts(const struct config_app *app, struct buffer *warnings)
{
    for (size_t i = 0; i < app->webhooks_count; i++)
        if ((app->webhooks[i].kinds & 1u << CONFIG_WEBHOOK_SUBSCRIPTION_COUNT) &&
            !app->subscription_counts)
            buffer_printf(warnings,
                          "the app %s has a webhook for subscription_count, and no subscription "
                          "counts; turn subscription_counts on\n",
                          app->id);
}

bool config_webhook_load(struct config_app *app, const struct config_input *input,
                         const struct config_input_scope *scope, struct buffer *error,
                         struct buffer *warnings)
{
    const struct config_input_scope environment = {NULL, "app", false};
    const json_t *webhooks = json_object_get(scope->object, "webhooks");
    json_t *list = config_webhook_list(webhooks);
    const size_t count = json_array_size(list);
    struct buffer path = {0};
    bool ok = true;

    app->webhooks = mem_new((count + 1) * sizeof *app->webhooks);
    if (webhooks == NULL)
        ok = read_one(app, input, &environment, error);
    for (size_t i = 0; ok && i < count; i++) {
        struct config_input_scope one = {json_array_get(list, i), NULL, true};

        buffer_clear(&path);
        buffer_printf(&path, "%s.webhooks.%zu", scope->path, i);
        one.path = buffer_text(&path);
        ok = read_one(app, input, &one, error);
    }
    buffer_deinit(&path);
    json_decref(list);
    if (ok)
        warn_of_counts(app, warnings);
    return ok;
}
