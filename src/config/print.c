#include "config/print.h"

#include "config/source.h"
#include "config/value.h"
#include "config/webhook.h"

#include <stdio.h>
#include <string.h>

#define NAME_LEN_MAX 128
#define PATH_LEN_MAX 64

/* Wider values push their source to the right; they are not cut. */
#define VALUE_WIDTH 32
#define NAME_WIDTH 48

static void append_padded(struct buffer *out, const char *text, size_t width)
{
    size_t len = strlen(text);

    buffer_append_text(out, text);
    for (; len < width; len++)
        buffer_append_char(out, ' ');
    buffer_append_text(out, "  ");
}

static void name_of(const struct config_source *source, char *name)
{
    const char *key = config_setting_name(source->setting);

    if (source->app != CONFIG_SOURCE_SERVER)
        snprintf(name, NAME_LEN_MAX, "apps.apps.%zu.%s", source->app, key);
    else if (source->setting->key != NULL)
        snprintf(name, NAME_LEN_MAX, "servers.reverb.%s", key);
    else
        snprintf(name, NAME_LEN_MAX, "%s", key);
}

/* The source without the setting's name, which is in the line already. */
static const char *short_where(const char *where, const char *name)
{
    size_t len = strlen(name);

    if (strncmp(where, name, len) == 0 && strncmp(where + len, " in ", 4) == 0)
        return where + len + 4;
    return where;
}

static void print_line(struct buffer *out, const char *name, const char *value, const char *where)
{
    append_padded(out, name, NAME_WIDTH);
    append_padded(out, value, VALUE_WIDTH);
    buffer_append_text(out, where);
    buffer_append_char(out, '\n');
}

/* Headers may be secrets. */
static void print_webhook(struct buffer *out, const char *path,
                          const struct config_webhook *webhook)
{
    struct buffer value = {0};
    char name[NAME_LEN_MAX];

    for (size_t i = 0; i < config_setting_webhook_count; i++) {
        const struct config_setting *setting = &config_setting_webhook[i];

        snprintf(name, sizeof name, "%s.%s", path, setting->key);
        buffer_clear(&value);
        if (i == 0)
            config_webhook_print_url(webhook->url, &value);
        else
            config_value_print(setting, webhook, &value);
        print_line(out, name, buffer_text(&value), short_where(webhook->where, name));
    }
    buffer_deinit(&value);
}

static void print_webhooks(const struct config *config, struct buffer *out)
{
    char path[PATH_LEN_MAX];

    for (size_t i = 0; i < config->apps_count; i++)
        for (size_t n = 0; n < config->apps[i].webhooks_count; n++) {
            snprintf(path, sizeof path, "apps.apps.%zu.webhooks.%zu", i, n);
            print_webhook(out, path, &config->apps[i].webhooks[n]);
        }
}

void config_print(const struct config *config, struct buffer *out)
{
    struct buffer value = {0};
    char name[NAME_LEN_MAX];

    print_line(out, "SETTING", "VALUE", "SOURCE");
    for (size_t i = 0; i < config->sources_count; i++) {
        const struct config_source *source = &config->sources[i];
        const void *base = config;

        if (source->app != CONFIG_SOURCE_SERVER)
            base = &config->apps[source->app];
        name_of(source, name);
        buffer_clear(&value);
        config_value_print(source->setting, base, &value);
        print_line(out, name, buffer_text(&value), short_where(source->where, name));
    }
    print_webhooks(config, out);
    buffer_deinit(&value);
}
