/* Taking up apps and certificate anew, while everybody stays connected.
 *
 * Thread: main. Memory: it owns the configurations.
 */
#pragma once

#include "config/config.h"
#include "observer/laravel.h"
#include "server/worker.h"

struct server_reload {
    /* Fixed after start. */
    const struct config_options *options;
    struct config *config; /* of the start: host, port, path, workers */
    struct pusher_apps *apps;
    struct net_tls *tls; /* NULL: plain */
    struct server_worker *workers;
    size_t workers_count;
    struct observer_laravel *laravel; /* NULL: nobody's child */
    uv_async_t *wake;                 /* is sent when the workers have taken it up */

    struct config *apps_config; /* of the last reload; `config` before the first */
    struct config *former_apps_config;
    char *config_text;             /* was handed over, and waits to be taken up */
    atomic_size_t reloading_count; /* workers that have yet to take it up */
    bool wants_another;            /* came while one was going on */
};

void server_reload_run(struct server_reload *reload);

/* The configuration that came over the commands' pipe. */
void server_reload_take(struct server_reload *reload, const char *text);

/* After a wake: forgets the former apps once no worker can see them any more. */
void server_reload_finish(struct server_reload *reload, bool is_ending);

/* Reads the certificate anew if its files have changed. */
void server_reload_watch_certificate(struct server_reload *reload);

void server_reload_deinit(struct server_reload *reload);
