#include "server/banner.h"

#include "server/url.h"

#include <stdio.h>
#include <string.h>

/* More are counted, not listed. */
#define APPS_COUNT_MAX 5

static void append_line(struct buffer *out, const char *title, const char *protocol,
                        const struct config *config, const struct config_app *app, uint16_t port)
{
    buffer_append_text(out, title);
    server_url_append(out, protocol, config, app, port);
}

static void print_app(const struct config *config, const struct config_app *app, uint16_t port)
{
    struct buffer out = {0};

    buffer_printf(&out, "  app %s\n", app->id);
    append_line(&out, "    browsers connect to  ", "ws", config, app, port);
    buffer_printf(&out, "%s/app/", config->path);
    server_url_append_escaped(&out, bytes_of(app->key));
    append_line(&out, "\n    publishers post to   ", "http", config, app, port);
    buffer_append_text(&out, "/apps/");
    server_url_append_escaped(&out, bytes_of(app->id));
    buffer_append_text(&out, "/events\n");
    fwrite(out.data, 1, out.len, stdout);
    buffer_deinit(&out);
}

static void print_apps(const struct config *config, uint16_t port)
{
    for (size_t i = 0; i < config->apps_count && i < APPS_COUNT_MAX; i++)
        print_app(config, &config->apps[i], port);
    if (config->apps_count > APPS_COUNT_MAX)
        printf("  and %zu more apps\n", config->apps_count - APPS_COUNT_MAX);
    if (config->apps_count == 0)
        printf("  no app is configured: nobody can connect\n");
}

void server_banner_print(const struct config *config, uint16_t port,
                         const struct net_descriptors *descriptors)
{
    const bool shows_hostname =
        config->hostname != NULL && strcmp(config->hostname, config->host) != 0;

    const char *brackets = strchr(config->host, ':') != NULL ? "[]" : "";

    printf("Starting %sserver on %.1s%s%s:%u%s%s%s%s.\n", config->tls.enabled ? "secure " : "",
           brackets, config->host, *brackets ? brackets + 1 : "", port, config->path,
           shows_hostname ? " (" : "", shows_hostname ? config->hostname : "",
           shows_hostname ? ")" : "");
    print_apps(config, port);
    printf("  %u worker%s, %zu connections at most (%zu open files)\n", config->workers,
           config->workers == 1 ? "" : "s", descriptors->websockets_max, descriptors->limit);
    fflush(stdout);
}
