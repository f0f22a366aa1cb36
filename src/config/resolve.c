#include "config/resolve.h"

#include "config/mistake.h"

bool config_resolve_one(struct config *config, const struct config_input *input,
                        const struct config_input_scope *scope,
                        const struct config_setting *setting, size_t app, struct buffer *error)
{
    void *base = app == CONFIG_SOURCE_SERVER ? (void *)config : &config->apps[app];
    struct config_input_value value;
    const char *text;
    const char *where = "default";
    bool ok = config_input_find(input, scope, setting, &value, error);

    if (!ok)
        return false;
    text = value.text;
    if (text != NULL)
        where = value.where;
    else if (scope->is_listed_app && input->file.is_laravel && setting->fallback_in_file != NULL)
        text = setting->fallback_in_file;
    else
        text = setting->fallback;
    if (text != NULL) {
        const size_t error_len = error->len;

        config_mistake_next(error);
        ok = config_value_set(setting, base, text, where, error);
        if (ok)
            error->len = error_len;
    }
    if (ok)
        config_source_set(config, setting, app, where);
    config_input_value_deinit(&value);
    return ok;
}
