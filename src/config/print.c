#include "config/print.h"

#include "config/source.h"
#include "config/value.h"

#include <stdio.h>
#include <string.h>

#define NAME_LEN_MAX 80

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
    buffer_deinit(&value);
}
