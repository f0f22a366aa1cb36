/* Taking up apps and certificate anew, while everybody stays connected. The configuration is loaded
 * beside the main loop: PHP may evaluate it, and it may be large.
 *
 * Thread: main. Memory: it owns the configurations.
 */
#pragma once

#include "config/config.h"
#include "observer/laravel.h"
#include "server/control.h"
#include "server/worker.h"

#define SERVER_RELOAD_ASKERS_MAX 16

struct server_reload {
    /* Fixed after start. */
    const struct config_options *options;
    struct config *config; /* of the start: host, port, path, workers */
    struct pusher_apps *apps;
    struct net_tls *tls; /* NULL: plain */
    struct server_worker *workers;
    size_t workers_count;
    struct observer_laravel *laravel; /* NULL: nobody's child */
    uv_async_t *wake;                 /* is sent when the workers have taken it up; of the loop */

    struct config *apps_config; /* of the last reload; `config` before the first */
    struct config *former_apps_config;
    char *config_text;             /* was handed over, and waits to be taken up */
    atomic_size_t reloading_count; /* workers that have yet to take it up */
    bool wants_another;            /* came while one was going on */
    unsigned certificate_retries;  /* left before files that do not fit are an error */
    bool is_ending;                /* nothing is taken up any more */

    /* The one that is being loaded. */
    bool is_loading;
    uv_work_t work;
    struct config_options loading_options;
    char *loading_text;
    struct config *loaded; /* NULL: `loading_error` says why */
    struct buffer loading_error;
    struct buffer loading_warnings;

    /* Who waits for the result. */
    struct server_control_asker *askers[SERVER_RELOAD_ASKERS_MAX];
    bool is_asker_of_next[SERVER_RELOAD_ASKERS_MAX]; /* came when one was loaded already */
};

/* `asker` is NULL, or is answered when it is done. */
void server_reload_run(struct server_reload *reload, struct server_control_asker *asker);

/* The configuration that came over the commands' pipe. */
void server_reload_take(struct server_reload *reload, const char *text);

/* After a wake: forgets the former apps once no worker can see them any more. */
void server_reload_finish(struct server_reload *reload);

/* Reads the certificate anew if its files have changed. */
void server_reload_watch_certificate(struct server_reload *reload);

/* The asker is no longer there. */
void server_reload_forget(struct server_reload *reload, const struct server_control_asker *asker);

void server_reload_deinit(struct server_reload *reload);
