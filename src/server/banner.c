#include "server/banner.h"

#include "base/log.h"
#include "net/unix_socket.h"
#include "server/url.h"

#include <stdio.h>
#include <string.h>

/* Further apps are counted, not listed. */
#define APPS_COUNT_MAX 5

static void append_line(struct buffer *out, const char *title, const char *protocol,
                        const struct config *config, const struct config_app *app, uint16_t port)
{
    buffer_append_text(out, title);
    server_url_append(out, protocol, config, app, port);
}

static void append_app(struct buffer *out, const struct config *config,
                       const struct config_app *app, uint16_t port)
{
    buffer_printf(out, "  app %s\n", app->id);
    append_line(out, "    browsers connect to  ", "ws", config, app, port);
    buffer_printf(out, "%s/app/", config->path);
    server_url_append_escaped(out, bytes_of(app->key));
    append_line(out, "\n    publishers post to   ", "http", config, app, port);
    buffer_append_text(out, "/apps/");
    server_url_append_escaped(out, bytes_of(app->id));
    buffer_append_text(out, "/events\n");
}

static void append_apps(struct buffer *out, const struct config *config, uint16_t port)
{
    for (size_t i = 0; i < config->apps_count && i < APPS_COUNT_MAX; i++)
        append_app(out, config, &config->apps[i], port);
    if (config->apps_count > APPS_COUNT_MAX)
        buffer_printf(out, "  and %zu more apps\n", config->apps_count - APPS_COUNT_MAX);
    if (config->apps_count == 0)
        buffer_append_text(out, "  no app is configured: nobody can connect\n");
}

static void append_first_line(struct buffer *out, const struct config *config, uint16_t port)
{
    const bool shows_hostname =
        config->hostname != NULL && strcmp(config->hostname, config->host) != 0;
    const bool is_ipv6 = strchr(config->host, ':') != NULL;

    buffer_printf(out, "Starting %sserver on ", config->tls.enabled ? "secure " : "");
    if (net_unix_socket_is_one(config->host))
        buffer_printf(out, "%s (port %u)", config->host, port);
    else
        buffer_printf(out, "%s%s%s:%u%s", is_ipv6 ? "[" : "", config->host, is_ipv6 ? "]" : "",
                      port, config->path);
    if (shows_hostname)
        buffer_printf(out, " (%s)", config->hostname);
    buffer_append_text(out, ".\n");
}

/* A JSON log has only objects, each with its time. */
void server_banner_say(const struct config *config, struct bytes lines)
{
    struct bytes line;

    if (!config->log_json) {
        fwrite(lines.data, 1, lines.len, stdout);
        fflush(stdout);
        return;
    }
    while (bytes_next(&lines, '\n', &line))
        if (line.len > 0)
            log_info("%.*s", BYTES_ARGS(bytes_trim(line)));
}

void server_banner_print(const struct config *config, uint16_t port,
                         const struct net_descriptors *descriptors, const struct net_io *io)
{
    struct buffer out = {0};

    append_first_line(&out, config, port);
    append_apps(&out, config, port);
    buffer_printf(&out, "  %u worker%s, %zu connections at most (%zu open files)\n",
                  config->workers, config->workers == 1 ? "" : "s", descriptors->websockets_max,
                  descriptors->limit);
    buffer_printf(&out, "  sockets are served by %s%s%s\n", io->name,
                  io->reason != NULL ? ", as io_uring is not available: " : "",
                  io->reason != NULL ? io->reason : "");
    server_banner_say(config, buffer_bytes(&out));
    buffer_deinit(&out);
}
