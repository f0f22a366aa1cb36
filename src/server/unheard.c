#include "server/unheard.h"

#include "base/buffer.h"
#include "base/log.h"

#include <string.h>

static void append_name(struct buffer *names, bool has_changed, const char *name)
{
    if (has_changed)
        buffer_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
}

void server_unheard_warn(const struct config *now, const struct config *asked)
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
    if (names.len > 0)
        log_warn("changed in the configuration, and taken up only by a restart: %s",
                 buffer_text(&names));
    buffer_deinit(&names);
}
