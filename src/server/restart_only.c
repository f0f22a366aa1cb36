#include "server/restart_only.h"

#include "config/setting.h"
#include "config/value.h"

void server_restart_only_names(const struct config *now, const struct config *asked,
                               struct buffer *names)
{
    /* If scaling is off, its other settings were not validated and have no effect. */
    const bool has_scaling = now->scaling.enabled && asked->scaling.enabled;

    for (size_t i = 0; i < config_setting_server_count; i++) {
        const struct config_setting *setting = &config_setting_server[i];

        if (setting->is_reloaded || (setting->is_of_scaling && !has_scaling) ||
            config_value_equal(setting, now, asked))
            continue;
        buffer_printf(names, "%s%s", names->len > 0 ? ", " : "", config_setting_name(setting));
    }
}
