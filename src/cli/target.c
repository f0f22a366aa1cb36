#include "cli/target.h"

#include "config/laravel.h"

#include <stdlib.h>
#include <string.h>

static bool says_all(const struct cli_target_options *options)
{
    return options->url && options->app_id && options->key && options->secret;
}

/* Of the app that is meant: the one with that key or id, else the first. */
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
    else if (target->config != NULL && !(options->app_id && options->key && options->secret)) {
        buffer_append_text(error, "the configuration has no app of that --app-id and --key; give "
                                  "--secret as well, or neither");
        return false;
    }
    /* The fields are never written: what they borrow stays the operator's. */
    if (options->app_id != NULL)
        target->app.id = (char *)(uintptr_t)options->app_id;
    if (options->key != NULL)
        target->app.key = (char *)(uintptr_t)options->key;
    if (options->secret != NULL)
        target->app.secret = (char *)(uintptr_t)options->secret;
    return true;
}

/* The variable's value as Laravel reads it; absent where it is not given. */
static struct bytes variable(const struct config_env *env, const char *name)
{
    const char *text = getenv(name);
    struct bytes value = config_env_meaning(text ? text : config_env_find(env, name));

    return value.len > 0 ? value : BYTES_NONE;
}

/* What `.env` tells browsers; a server that listens everywhere is on this machine too. */
static void describe_url(struct buffer *url, const struct config_env *env,
                         const struct config *config)
{
    const struct bytes host = variable(env, "REVERB_HOST");
    const struct bytes port = variable(env, "REVERB_PORT");
    const struct bytes scheme = variable(env, "REVERB_SCHEME");

    if (scheme.data != NULL)
        buffer_append_bytes(url, scheme);
    else
        buffer_append_text(url, config->tls.enabled ? "https" : "http");
    buffer_append_text(url, "://");
    buffer_append_bytes(url, host.data ? host : BYTES("127.0.0.1"));
    buffer_append_char(url, ':');
    if (port.data != NULL)
        buffer_append_bytes(url, port);
    else
        buffer_append_number(url, config->port);
    buffer_append_text(url, config->path);
}

static bool find_url(const struct cli_target *target, const struct cli_target_options *options,
                     struct client_url *url, struct buffer *error)
{
    const struct config_options config_options = {.env_file = options->env_file};
    struct config_input input = {.options = &config_options};
    struct buffer text = {0};
    bool ok;

    if (options->url != NULL)
        return client_url_parse(bytes_of(options->url), url, error);
    ok = config_laravel_read_env(&input, error);
    if (ok) {
        describe_url(&text, &input.env, target->config);
        ok = client_url_parse(buffer_bytes(&text), url, error);
    }
    config_input_deinit(&input);
    buffer_deinit(&text);
    return ok;
}

bool cli_target_open(struct cli_target *target, const struct cli_target_options *options,
                     struct buffer *error)
{
    const struct config_options config_options = {.config_file = options->config_file,
                                                  .env_file = options->env_file};
    struct client_url url;

    *target = (struct cli_target){0};
    if (!says_all(options)) {
        struct buffer warnings = {0};

        target->config = config_load(&config_options, error, &warnings);
        buffer_deinit(&warnings);
        if (target->config == NULL)
            return false;
    }
    return choose_app(target, options, error) && find_url(target, options, &url, error) &&
           client_server_open(&target->server, &url, &target->app, options->is_trusting, error);
}

void cli_target_close(struct cli_target *target)
{
    client_server_close(&target->server);
    config_free(target->config);
    target->config = NULL;
}
