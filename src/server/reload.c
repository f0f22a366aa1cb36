#include "server/reload.h"

#include "base/log.h"
#include "server/restart_only.h"

#include <stdlib.h>
#include <string.h>

static void on_worker_reloaded(void *user)
{
    struct server_reload *reload = user;

    if (atomic_fetch_sub(&reload->reloading_count, 1) == 1)
        uv_async_send(reload->wake);
}

static void reload_certificate(struct server_reload *reload, const struct config_tls *settings)
{
    struct buffer error = {0};

    if (reload->tls == NULL)
        return;
    if (net_tls_reload(reload->tls, settings, &error))
        log_info("the certificate was taken up anew");
    else
        log_error("%s; the former one stays", buffer_text(&error));
    buffer_deinit(&error);
}

/* What came over standard input can be had anew only from whoever gave it. */
static bool has_configuration(struct server_reload *reload)
{
    const char *file = reload->options->config_file;

    if (file == NULL || strcmp(file, "-") != 0 || reload->config_text != NULL)
        return true;
    if (reload->laravel != NULL)
        observer_laravel_ask_config(reload->laravel);
    else
        log_warn("the configuration came over standard input and cannot be read again");
    return false;
}

static struct config *load_anew(struct server_reload *reload, struct buffer *error)
{
    struct config_options options = *reload->options;
    struct buffer warnings = {0};
    struct config *config;

    options.config_text = reload->config_text;
    config = config_load(&options, error, &warnings);
    log_warn_lines(buffer_bytes(&warnings));
    buffer_deinit(&warnings);
    free(reload->config_text);
    reload->config_text = NULL;
    return config;
}

void server_reload_run(struct server_reload *reload)
{
    struct buffer error = {0};
    struct config *config;

    if (atomic_load(&reload->reloading_count) > 0) {
        reload->wants_another = true;
        return;
    }
    if (!has_configuration(reload))
        return;
    config = load_anew(reload, &error);
    if (config == NULL) {
        log_error("the configuration was not reloaded: %s", buffer_text(&error));
    } else {
        if (config->tls.enabled != (reload->tls != NULL))
            log_warn("TLS is turned %s only by a restart", config->tls.enabled ? "on" : "off");
        else if (config->tls.enabled)
            reload_certificate(reload, &config->tls);
        server_restart_only_warn(reload->config, config);
        pusher_apps_reload(reload->apps, config);
        reload->former_apps_config = reload->apps_config;
        reload->apps_config = config;
        atomic_store(&reload->reloading_count, reload->workers_count);
        for (size_t i = 0; i < reload->workers_count; i++)
            server_worker_reload(&reload->workers[i], on_worker_reloaded, reload);
        log_info("apps were reloaded: %zu", config->apps_count);
    }
    buffer_deinit(&error);
}

/* Every worker has ended the turn in which it could still see the former apps. */
void server_reload_finish(struct server_reload *reload, bool is_ending)
{
    if (reload->former_apps_config == NULL || atomic_load(&reload->reloading_count) > 0)
        return;
    pusher_apps_forget_former(reload->apps);
    if (reload->former_apps_config != reload->config)
        config_free(reload->former_apps_config);
    reload->former_apps_config = NULL;
    if (reload->wants_another && !is_ending) {
        reload->wants_another = false;
        server_reload_run(reload);
    }
}

void server_reload_take(struct server_reload *reload, const char *text)
{
    free(reload->config_text);
    reload->config_text = bytes_copy(bytes_of(text));
    server_reload_run(reload);
}

/* Of the last configuration that had any. */
static const struct config_tls *tls_settings(const struct server_reload *reload)
{
    return reload->apps_config->tls.enabled ? &reload->apps_config->tls : &reload->config->tls;
}

void server_reload_watch_certificate(struct server_reload *reload)
{
    if (reload->tls != NULL && net_tls_is_stale(reload->tls))
        reload_certificate(reload, tls_settings(reload));
}

void server_reload_deinit(struct server_reload *reload)
{
    if (reload->former_apps_config != reload->config)
        config_free(reload->former_apps_config);
    if (reload->apps_config != reload->config)
        config_free(reload->apps_config);
    config_free(reload->config);
    free(reload->config_text);
}
