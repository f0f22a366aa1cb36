#include "cli/target.h"

#include "config/free.h"
#include "config/load.h"
#include "config/trusted_proxies.h"
#include "net/unix_socket.h"
#include "server/url.h"

#include <stdlib.h>
#include <string.h>

static bool names_app(const struct cli_target_options *options)
{
    return options->app_id && options->key && options->secret;
}

/* With a port alone the configuration still knows host, prefix and TLS, but nobody needs it. */
static bool needs_config(const struct cli_target_options *options)
{
    return !names_app(options) || options->config_file != NULL || options->env_file != NULL ||
           (options->url == NULL && options->port == NULL);
}

/* The app with that key or id, else the first. */
static const struct config_app *find_app(const struct config *config,
                                         const struct cli_target_options *options)
{
    for (size_t i = 0; i < config->apps_count; i++) {
        const struct config_app *app = &config->apps[i];

        if ((options->app_id == NULL || strcmp(app->id, options->app_id) == 0) &&
            (options->key == NULL || strcmp(app->key, options->key) == 0))
            return app;
    }
    return NULL;
}

static bool choose_app(struct cli_target *target, const struct cli_target_options *options,
                       struct buffer *error)
{
    const struct config_app *app = target->config ? find_app(target->config, options) : NULL;

    if (app != NULL)
        target->app = *app;
    else if (target->config != NULL && !names_app(options)) {
        buffer_append_text(error, "the configuration has no app of that --app-id and --key; give "
                                  "--secret as well, or neither");
        return false;
    }
    /* The fields are only read: they may borrow the options' text. */
    if (options->app_id != NULL)
        target->app.id = (char *)(uintptr_t)options->app_id;
    if (options->key != NULL)
        target->app.key = (char *)(uintptr_t)options->key;
    if (options->secret != NULL)
        target->app.secret = (char *)(uintptr_t)options->secret;
    return true;
}

/* A server that listens on all addresses is reached at this machine's own. */
static const char *local_host(const struct config *config)
{
    if (strcmp(config->host, "0.0.0.0") == 0 || net_unix_socket_is_one(config->host))
        return "127.0.0.1";
    return strcmp(config->host, "::") == 0 ? "::1" : config->host;
}

static void append_local(struct buffer *url, const struct config *config, const char *port)
{
    const char *host = local_host(config);
    const bool is_ipv6 = strchr(host, ':') != NULL;

    buffer_printf(url, "ws%s://%s%s%s:", config->tls.enabled ? "s" : "", is_ipv6 ? "[" : "", host,
                  is_ipv6 ? "]" : "");
    if (port != NULL)
        buffer_append_text(url, port);
    else
        buffer_append_number(url, config->port);
    buffer_append_text(url, config->path);
}

/* The address for browsers if one is configured, else where the server listens. */
static void describe_url(struct buffer *url, const struct cli_target *target, const char *port)
{
    const struct config_app *app = &target->app;

    if (target->config == NULL) {
        buffer_printf(url, "ws://127.0.0.1:%s", port);
        return;
    }
    if (port != NULL || (app->public_host == NULL && app->public_port == 0)) {
        append_local(url, target->config, port);
        return;
    }
    if (app->public_host != NULL) {
        server_url_append(url, "ws", target->config, app, target->config->port);
    } else {
        struct config_app here = *app;

        here.public_host = (char *)(uintptr_t)local_host(target->config);
        server_url_append(url, "ws", target->config, &here, target->config->port);
    }
    buffer_append_text(url, target->config->path);
}

/* Whether it is a server on this machine that is meant, not the proxy in front of it. */
static bool is_local(const struct cli_target *target, const struct cli_target_options *options)
{
    return target->config != NULL && options->url == NULL &&
           (options->port != NULL ||
            (target->app.public_host == NULL && target->app.public_port == 0));
}

/* Whether it is the configuration's, which a port does no more than name. */
static bool is_on_socket(const struct config *config, const struct cli_target_options *options)
{
    uint64_t port;

    return net_unix_socket_is_one(config->host) &&
           (options->port == NULL ||
            (bytes_to_number(bytes_of(options->port), UINT16_MAX, &port) && port == config->port));
}

static bool settle_place(struct cli_target *target, const struct cli_target_options *options,
                         struct buffer *error)
{
    struct client_server *server = &target->server;

    if (!is_local(target, options))
        return true;
    if (is_on_socket(target->config, options) &&
        !client_server_use_socket(server, net_unix_socket_path(target->config->host), error))
        return false;
    server->sends_header = config_trusted_proxies_need_header(target->config, server->url.host,
                                                              server->socket != NULL);
    return true;
}

static bool check_port(const char *port, struct buffer *error)
{
    uint64_t number;

    if (port == NULL || (bytes_to_number(bytes_of(port), UINT16_MAX, &number) && number > 0))
        return true;
    buffer_printf(error, "--port \"%s\" is no port; give a number from 1 to 65535", port);
    return false;
}

static bool find_url(const struct cli_target *target, const struct cli_target_options *options,
                     struct client_url *url, struct buffer *error)
{
    struct buffer text = {0};
    bool ok;

    if (options->url != NULL)
        return client_url_parse(bytes_of(options->url), url, error);
    if (!check_port(options->port, error))
        return false;
    describe_url(&text, target, options->port);
    ok = client_url_parse(buffer_bytes(&text), url, error);
    buffer_deinit(&text);
    return ok;
}

static bool set_origin(struct client_server *server, const char *origin)
{
    server->origin = origin;
    return true;
}

bool cli_target_open(struct cli_target *target, const struct cli_target_options *options,
                     struct buffer *error)
{
    const struct config_options config_options = {.config_file = options->config_file,
                                                  .env_file = options->env_file};
    struct client_url url;

    *target = (struct cli_target){0};
    if (options->url == NULL || !names_app(options) || options->config_file != NULL) {
        struct buffer warnings = {0};

        target->config = config_load(&config_options, error, &warnings);
        buffer_deinit(&warnings);
        if (target->config == NULL && needs_config(options))
            return false;
        buffer_clear(error);
    }
    return choose_app(target, options, error) && find_url(target, options, &url, error) &&
           client_server_open(&target->server, &url, &target->app, options->is_trusting, error) &&
           settle_place(target, options, error) && set_origin(&target->server, options->origin);
}

void cli_target_close(struct cli_target *target)
{
    client_server_close(&target->server);
    config_free(target->config);
    target->config = NULL;
}
