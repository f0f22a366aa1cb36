#include "config/secrets.h"

#include "config/setting.h"

#include <string.h>

/* A shorter one may be part of any word; to hide that would say more than to show it. */
#define LEN_MIN 4

static const char *last_name_of(const char *key)
{
    const char *dot = strrchr(key, '.');

    return dot != NULL ? dot + 1 : key;
}

static bool is_among(const struct config_setting *settings, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (settings[i].kind == CONFIG_SETTING_SECRET && settings[i].key != NULL &&
            strcmp(last_name_of(settings[i].key), name) == 0)
            return true;
    return false;
}

static bool is_secret(const char *name)
{
    return is_among(config_setting_server, config_setting_server_count, name) ||
           is_among(config_setting_app, config_setting_app_count, name);
}

static void mask(struct buffer *text, const char *secret)
{
    const size_t len = strlen(secret);
    size_t from = 0;
    char *at;

    if (len < LEN_MIN)
        return;
    while (text->len - from >= len &&
           (at = memmem(text->data + from, text->len - from, secret, len)) != NULL) {
        memset(at, '*', len);
        from = (size_t)(at - text->data) + len;
    }
}

void config_secrets_mask(const json_t *root, struct buffer *text)
{
    json_t *value;
    const char *name;
    size_t index;

    if (text->len == 0)
        return;
    if (json_is_array(root)) {
        json_array_foreach(root, index, value) config_secrets_mask(value, text);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)root, name, value)
    {
        if (json_is_string(value) && is_secret(name))
            mask(text, json_string_value(value));
        else
            config_secrets_mask(value, text);
    }
}
