#include "server/restart_only.h"

#include "base/buffer.h"
#include "base/log.h"
#include "config/setting.h"
#include "config/value.h"

#include <string.h>

static void append_name(struct buffer *names, bool has_changed, const char *name)
{
    if (has_changed)
        buffer_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
}

/* Where scaling is off the rest was not looked at, and means nothing. */
static void append_scaling(struct buffer *names, const struct config *now,
                           const struct config *asked)
{
    append_name(names, now->scaling.enabled != asked->scaling.enabled, "scaling.enabled");
    if (!now->scaling.enabled || !asked->scaling.enabled)
        return;
    for (size_t i = 0; i < config_setting_server_count; i++) {
        const struct config_setting *setting = &config_setting_server[i];

        append_name(names, setting->is_of_scaling && !config_value_equal(setting, now, asked),
                    config_setting_name(setting));
    }
}

void server_restart_only_warn(const struct config *now, const struct config *asked)
{
    struct buffer names = {0};

    append_name(&names, strcmp(now->host, asked->host) != 0, "host");
    append_name(&names, now->port != asked->port, "port");
    append_name(&names, strcmp(now->path, asked->path) != 0, "path");
    append_name(&names, now->workers != asked->workers, "workers");
    append_name(&names, now->compression != asked->compression, "compression");
    append_name(&names, now->max_request_size_bytes != asked->max_request_size_bytes,
                "max_request_size");
    append_name(&names, now->max_backlog_bytes != asked->max_backlog_bytes, "max_backlog");
    append_name(&names, now->drain_s != asked->drain_s, "drain");
    append_name(&names, now->shutdown_timeout_s != asked->shutdown_timeout_s, "shutdown_timeout");
    append_name(&names, now->pulse_ingest_interval_s != asked->pulse_ingest_interval_s,
                "pulse_ingest_interval");
    append_scaling(&names, now, asked);
    if (names.len > 0)
        log_warn("changed in the configuration, and taken up only by a restart: %s",
                 buffer_text(&names));
    buffer_deinit(&names);
}
