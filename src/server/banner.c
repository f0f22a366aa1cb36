#include "server/banner.h"

#include <stdio.h>
#include <string.h>

/* More are counted, not listed. */
#define APPS_COUNT_MAX 5

/* An address that a browser on this machine can open. */
static const char *reachable_host(const struct config *config)
{
    if (config->hostname != NULL)
        return config->hostname;
    if (strcmp(config->host, "0.0.0.0") == 0 || strcmp(config->host, "::") == 0)
        return "localhost";
    return config->host;
}

static void print_apps(const struct config *config, uint16_t port)
{
    const char *secure = config->tls.enabled ? "s" : "";
    const char *host = reachable_host(config);

    for (size_t i = 0; i < config->apps_count && i < APPS_COUNT_MAX; i++) {
        printf("  app %s\n", config->apps[i].id);
        printf("    browsers connect to  ws%s://%s:%u%s/app/%s\n", secure, host, port, config->path,
               config->apps[i].key);
        printf("    publishers post to   http%s://%s:%u/apps/%s/events\n", secure, host, port,
               config->apps[i].id);
    }
    if (config->apps_count > APPS_COUNT_MAX)
        printf("  and %zu more apps\n", config->apps_count - APPS_COUNT_MAX);
}

void server_banner_print(const struct config *config, uint16_t port,
                         const struct net_descriptors *descriptors)
{
    const bool shows_hostname =
        config->hostname != NULL && strcmp(config->hostname, config->host) != 0;

    printf("Starting %sserver on %s:%u%s%s%s%s.\n", config->tls.enabled ? "secure " : "",
           config->host, port, config->path, shows_hostname ? " (" : "",
           shows_hostname ? config->hostname : "", shows_hostname ? ")" : "");
    print_apps(config, port);
    printf("  %u worker%s, %zu connections at most (%zu open files)\n", config->workers,
           config->workers == 1 ? "" : "s", descriptors->websockets_max, descriptors->limit);
    fflush(stdout);
}
