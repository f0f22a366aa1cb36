#include "server/reload.h"

#include "base/check.h"
#include "base/jsonwrite.h"
#include "base/log.h"
#include "config/free.h"
#include "config/load.h"
#include "server/mind.h"
#include "server/restart_only.h"
#include "webhook/cluster.h"

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

/* --- answers -------------------------------------------------------------------------------- */

static void remember(struct server_reload *reload, struct server_control_caller *caller)
{
    for (size_t i = 0; caller != NULL && i < SERVER_RELOAD_CALLERS_MAX; i++)
        if (reload->callers[i] == NULL) {
            reload->callers[i] = caller;
            reload->is_caller_of_next[i] = reload->is_loading;
            return;
        }
}

void server_reload_forget(struct server_reload *reload, const struct server_control_caller *caller)
{
    for (size_t i = 0; i < SERVER_RELOAD_CALLERS_MAX; i++)
        if (reload->callers[i] == caller)
            reload->callers[i] = NULL;
}

/* Answers those that this reload was for; the others wait for the next one. */
static void answer(struct server_reload *reload, const char *key, struct bytes text)
{
    struct buffer line = {0};

    buffer_printf(&line, "{\"%s\":", key);
    jsonwrite_string(&line, text);
    buffer_append_char(&line, '}');
    for (size_t i = 0; i < SERVER_RELOAD_CALLERS_MAX; i++) {
        struct server_control_caller *caller = reload->callers[i];
        const bool is_next = reload->is_caller_of_next[i];

        reload->is_caller_of_next[i] = false;
        if (caller == NULL || is_next)
            continue;
        reload->callers[i] = NULL;
        server_control_answer(caller, buffer_bytes(&line));
    }
    buffer_deinit(&line);
}

/* Each line of the reason is a mistake. */
static void fail(struct server_reload *reload, struct bytes reason)
{
    struct buffer joined = {0};
    struct bytes mistake;

    while (bytes_next(&reason, '\n', &mistake))
        buffer_printf(&joined, "%s%.*s", joined.len > 0 ? "; " : "", BYTES_ARGS(mistake));
    log_error("the configuration was not reloaded: %s", buffer_text(&joined));
    answer(reload, "error", buffer_bytes(&joined));
    buffer_deinit(&joined);
}

/* --- applying ------------------------------------------------------------------------------- */

static void append_result(struct server_reload *reload, const struct config *config,
                          struct buffer *result)
{
    struct buffer names = {0};

    buffer_printf(result, "apps were reloaded: %zu", config->apps_count);
    if (config->apps_count == 0)
        buffer_append_text(result, "; nobody can connect");
    server_restart_only_names(reload->config, config, &names);
    if (names.len > 0)
        buffer_printf(result, "; changed, and taken up only by a restart: %.*s",
                      BYTES_ARGS(buffer_bytes(&names)));
    buffer_deinit(&names);
}

static void take_up(struct server_reload *reload, struct config *config)
{
    struct buffer result = {0};

    if (config->tls.enabled != (reload->tls != NULL))
        log_warn("TLS is turned %s only by a restart", config->tls.enabled ? "on" : "off");
    else if (config->tls.enabled)
        reload_certificate(reload, &config->tls);
    pusher_apps_reload(reload->apps, config);
    webhook_reload(reload->webhook, config);
    webhook_cluster_want(reload->webhook_cluster, config);
    reload->former_apps_config = reload->apps_config;
    reload->apps_config = config;
    atomic_store(&reload->reloading_count, reload->workers_count);
    for (size_t i = 0; i < reload->workers_count; i++)
        server_worker_reload(&reload->workers[i], on_worker_reloaded, reload);
    append_result(reload, config, &result);
    log_info("%s", buffer_text(&result));
    answer(reload, "done", buffer_bytes(&result));
    buffer_deinit(&result);
}

static void run_next(struct server_reload *reload)
{
    if (!reload->wants_another || reload->is_ending)
        return;
    reload->wants_another = false;
    server_reload_run(reload, NULL);
}

/* --- loading -------------------------------------------------------------------------------- */

static void load(uv_work_t *work)
{
    struct server_reload *reload = work->data;

    reload->loaded =
        config_load(&reload->loading_options, &reload->loading_error, &reload->loading_warnings);
}

static void on_loaded(uv_work_t *work, int status)
{
    struct server_reload *reload = work->data;
    struct config *config = reload->loaded;

    (void)status;
    log_warn_lines(buffer_bytes(&reload->loading_warnings));
    if (config != NULL && !webhook_prepare(reload->webhook, config, &reload->loading_error)) {
        config_free(config);
        config = NULL;
    }
    if (reload->is_ending) {
        config_free(config);
        answer(reload, "error", BYTES("the server is ending"));
    } else if (config != NULL) {
        take_up(reload, config);
    } else {
        fail(reload, buffer_bytes(&reload->loading_error));
    }
    reload->is_loading = false;
    buffer_deinit(&reload->loading_error);
    buffer_deinit(&reload->loading_warnings);
    free(reload->loading_text);
    reload->loading_text = NULL;
    if (config == NULL)
        run_next(reload);
}

/* The first work starts libuv's threads, which stay: signals are for the main thread alone. */
static void queue_load(struct server_reload *reload)
{
    sigset_t before;

    server_mind_block_signals(&before);
    CHECK(uv_queue_work(reload->wake->loop, &reload->work, load, on_loaded) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void start_loading(struct server_reload *reload)
{
    reload->is_loading = true;
    reload->loading_text = reload->config_text;
    reload->config_text = NULL;
    reload->loading_options = *reload->options;
    reload->loading_options.config_text = reload->loading_text;
    reload->work.data = reload;
    queue_load(reload);
}

/* A configuration from standard input cannot be read again; only its sender can send a new one. */
static bool has_configuration(struct server_reload *reload)
{
    const char *file = reload->options->config_file;

    if (file == NULL || strcmp(file, "-") != 0 || reload->config_text != NULL)
        return true;
    if (reload->laravel != NULL)
        observer_laravel_ask_config(reload->laravel);
    else
        fail(reload, BYTES("it came over standard input and cannot be read again"));
    return false;
}

void server_reload_run(struct server_reload *reload, struct server_control_caller *caller)
{
    remember(reload, caller);
    if (reload->is_loading || atomic_load(&reload->reloading_count) > 0)
        reload->wants_another = true;
    else if (has_configuration(reload))
        start_loading(reload);
}

/* Each worker has ended the turn in which it could still read the former apps. */
void server_reload_finish(struct server_reload *reload)
{
    if (reload->former_apps_config == NULL || atomic_load(&reload->reloading_count) > 0)
        return;
    pusher_apps_forget_former(reload->apps);
    if (reload->former_apps_config != reload->config)
        config_free(reload->former_apps_config);
    reload->former_apps_config = NULL;
    run_next(reload);
}

void server_reload_take(struct server_reload *reload, const char *text)
{
    free(reload->config_text);
    reload->config_text = bytes_copy(bytes_of(text));
    server_reload_run(reload, NULL);
}

/* Retries, one a second, because certificate and key may be replaced one after the other. */
#define CERTIFICATE_RETRIES 5

/* The TLS settings of the last configuration that had any. */
static const struct config_tls *tls_settings(const struct server_reload *reload)
{
    return reload->apps_config->tls.enabled ? &reload->apps_config->tls : &reload->config->tls;
}

void server_reload_watch_certificate(struct server_reload *reload)
{
    struct buffer error = {0};

    if (reload->tls == NULL || (!net_tls_is_stale(reload->tls) && reload->certificate_retries == 0))
        return;
    if (net_tls_reload(reload->tls, tls_settings(reload), &error)) {
        log_info("the certificate was taken up anew");
        reload->certificate_retries = 0;
    } else if (reload->certificate_retries == 0) {
        reload->certificate_retries = CERTIFICATE_RETRIES;
    } else if (--reload->certificate_retries == 0) {
        log_error("%s; the former one stays", buffer_text(&error));
    }
    buffer_deinit(&error);
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
