/* Reloads apps and certificate while all clients stay connected. The configuration is loaded beside
 * the main loop: PHP may evaluate it, and it may be large.
 *
 * Thread: main. Memory: it owns the configurations.
 */
#pragma once

#include "config/config.h"
#include "observer/laravel.h"
#include "server/control.h"
#include "server/worker.h"

#define SERVER_RELOAD_CALLERS_MAX 16

struct server_reload {
    /* Fixed after start. */
    const struct config_options *options;
    struct config *config; /* of the start: host, port, path, workers */
    struct pusher_apps *apps;
    struct net_tls *tls; /* NULL: plain */
    struct webhook *webhook;
    struct webhook_cluster *webhook_cluster;
    struct server_worker *workers;
    size_t workers_count;
    struct observer_laravel *laravel; /* NULL: not started by `php artisan reverb:start` */
    uv_async_t *wake;                 /* sent when the workers have applied it; the loop's */

    struct config *apps_config; /* of the last reload; `config` before the first */
    struct config *former_apps_config;
    char *config_text;             /* a received configuration that waits to be loaded */
    atomic_size_t reloading_count; /* workers that have yet to apply it */
    bool wants_another;            /* requested while one was under way */
    unsigned certificate_retries;  /* left before files that do not match are an error */
    bool is_ending;                /* no reload begins any more */

    /* The configuration that is being loaded. */
    bool is_loading;
    uv_work_t work;
    struct config_options loading_options;
    char *loading_text;
    struct config *loaded; /* NULL: `loading_error` says why */
    struct buffer loading_error;
    struct buffer loading_warnings;

    /* Those that wait for the result. */
    struct server_control_caller *callers[SERVER_RELOAD_CALLERS_MAX];
    bool is_caller_of_next[SERVER_RELOAD_CALLERS_MAX]; /* came while one was being loaded */
};

/* Begins a reload. `caller` is answered when it is done; may be NULL. */
void server_reload_run(struct server_reload *reload, struct server_control_caller *caller);

/* Reloads from a configuration that was received over the commands' pipe. */
void server_reload_take(struct server_reload *reload, const char *text);

/* After a wake: frees the former apps once no worker can read them any more. */
void server_reload_finish(struct server_reload *reload);

/* Reads the certificate again if its files have changed. */
void server_reload_watch_certificate(struct server_reload *reload);

/* The caller has gone. */
void server_reload_forget(struct server_reload *reload, const struct server_control_caller *caller);

void server_reload_deinit(struct server_reload *reload);
