#include "server/server.h"

#include "admin/admin.h"
#include "admin/metrics.h"
#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"
#include "config/source.h"
#include "observer/debug.h"
#include "observer/laravel.h"
#include "pusher/cluster_events.h"
#include "pusher/socket_id.h"
#include "server/banner.h"
#include "server/commands.h"
#include "server/control.h"
#include "server/listen.h"
#include "server/notify.h"
#include "server/restart_only.h"
#include "server/status.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HOUSEKEEPING_MS 1000
/* Beyond the time that it has for its clients a worker needs far less to end. */
#define STALL_MS 10000

static const int ending_signals[] = {SIGINT, SIGTERM, SIGTSTP};
#define ENDING_SIGNALS_COUNT (sizeof ending_signals / sizeof ending_signals[0])

struct server {
    const struct config_options *options;
    struct config *config;      /* of the start: host, port, path, workers */
    struct config *apps_config; /* of the last reload; `config` before the first */
    struct config *former_apps_config;
    uint16_t port;

    struct net_descriptors descriptors;
    struct net_tls *tls;     /* NULL: plain */
    struct cluster *cluster; /* NULL: the only node */
    struct pusher_cluster_events nodes;
    struct pusher_apps *apps;
    struct pusher_worker *pusher_workers;
    struct channel_fanout **fanouts;
    struct metrics *metrics;
    struct server_worker *workers;
    size_t workers_count;

    uv_loop_t loop;
    uv_signal_t signals[ENDING_SIGNALS_COUNT];
    uv_signal_t reload_signal;
    uv_timer_t housekeeping;
    uv_async_t wake; /* a worker has ended, or taken up a reload */
    struct server_control *control;
    struct net_mailbox mailbox; /* of the main thread */
    struct admin *admin;        /* NULL: nobody asked for it */
    atomic_size_t ended_count;
    atomic_size_t reloading_count; /* workers that have yet to take it up */
    uint64_t started_ms;
    double started_s; /* Unix time */
    bool is_ending;
    uint64_t ends_by_ms; /* else a worker has stalled */
    bool all_turn;       /* each thread did something since it was looked at last */

    /* Of a server that `php artisan reverb:start` has started. */
    pid_t parent; /* 0: nobody's child */
    struct observer_laravel *laravel;
    struct server_commands *commands;
    char *config_text; /* was handed over, and waits to be taken up */

    struct pusher_observers debug;
    const struct pusher_observers *observers;
    bool wants_reload; /* another came while one was going on */
};

/* --- reloading ------------------------------------------------------------------------------ */

static void on_worker_reloaded(void *user)
{
    struct server *server = user;

    if (atomic_fetch_sub(&server->reloading_count, 1) == 1)
        uv_async_send(&server->wake);
}

static void reload_certificate(struct server *server, const struct config_tls *settings)
{
    struct buffer error = {0};

    if (server->tls == NULL)
        return;
    if (net_tls_reload(server->tls, settings, &error))
        log_info("the certificate was taken up anew");
    else
        log_error("%s; the former one stays", buffer_text(&error));
    buffer_deinit(&error);
}

/* What came over standard input can be had anew only from whoever gave it. */
static bool has_configuration(struct server *server)
{
    const char *file = server->options->config_file;

    if (file == NULL || strcmp(file, "-") != 0 || server->config_text != NULL)
        return true;
    if (server->laravel != NULL)
        observer_laravel_ask_config(server->laravel);
    else
        log_warn("the configuration came over standard input and cannot be read again");
    return false;
}

static struct config *load_anew(struct server *server, struct buffer *error)
{
    struct config_options options = *server->options;
    struct buffer warnings = {0};
    struct config *config;

    options.config_text = server->config_text;
    config = config_load(&options, error, &warnings);
    log_warn_lines(buffer_bytes(&warnings));
    buffer_deinit(&warnings);
    free(server->config_text);
    server->config_text = NULL;
    return config;
}

static void reload(struct server *server)
{
    struct buffer error = {0};
    struct config *config;

    if (atomic_load(&server->reloading_count) > 0) {
        server->wants_reload = true;
        return;
    }
    if (!has_configuration(server))
        return;
    config = load_anew(server, &error);
    if (config == NULL) {
        log_error("the configuration was not reloaded: %s", buffer_text(&error));
    } else {
        if (config->tls.enabled != (server->tls != NULL))
            log_warn("TLS is turned %s only by a restart", config->tls.enabled ? "on" : "off");
        else if (config->tls.enabled)
            reload_certificate(server, &config->tls);
        server_restart_only_warn(server->config, config);
        pusher_apps_reload(server->apps, config);
        server->former_apps_config = server->apps_config;
        server->apps_config = config;
        atomic_store(&server->reloading_count, server->workers_count);
        for (size_t i = 0; i < server->workers_count; i++)
            server_worker_reload(&server->workers[i], on_worker_reloaded, server);
        log_info("apps were reloaded: %zu", config->apps_count);
    }
    buffer_deinit(&error);
}

/* Every worker has ended the turn in which it could still see the former apps. */
static void forget_former_apps(struct server *server)
{
    if (server->former_apps_config == NULL || atomic_load(&server->reloading_count) > 0)
        return;
    pusher_apps_forget_former(server->apps);
    if (server->former_apps_config != server->config)
        config_free(server->former_apps_config);
    server->former_apps_config = NULL;
    if (server->wants_reload && !server->is_ending) {
        server->wants_reload = false;
        reload(server);
    }
}

static void on_reload_signal(uv_signal_t *handle, int number)
{
    (void)number;
    reload(handle->data);
}

/* --- ending --------------------------------------------------------------------------------- */

/* A thread that has stalled cannot be ended, and nothing that it uses can be freed. */
static void abandon(struct server *server, const char *who)
{
    log_error("%s has stalled: the process ends without it", who);
    if (server->control != NULL)
        server_control_close(server->control);
    fflush(NULL);
    _exit(1);
}

/* A second request to end means at once. */
static void end(struct server *server)
{
    const uint64_t spread_ms = server->is_ending ? 0 : server->config->drain_s * UINT64_C(1000);
    const uint64_t grace_ms =
        server->is_ending ? 0 : server->config->shutdown_timeout_s * UINT64_C(1000);

    if (!server->is_ending) {
        printf("Gracefully terminating connections.\n");
        fflush(stdout);
        server_notify("STOPPING=1");
    }
    server->is_ending = true;
    server->ends_by_ms = uv_now(&server->loop) + spread_ms + grace_ms + STALL_MS;
    for (size_t i = 0; i < server->workers_count; i++)
        server_worker_end(&server->workers[i], spread_ms, grace_ms);
}

static void on_ending_signal(uv_signal_t *handle, int number)
{
    (void)number;
    end(handle->data);
}

/* Nobody would end it later. */
static void on_parent_gone(void *user)
{
    struct server *server = user;

    if (!server->is_ending)
        end(server);
}

static void on_worker_ended(void *user)
{
    struct server *server = user;

    atomic_fetch_add(&server->ended_count, 1);
    uv_async_send(&server->wake);
}

static void on_wake(uv_async_t *wake)
{
    struct server *server = wake->data;

    forget_former_apps(server);
    if (atomic_load(&server->ended_count) == server->workers_count)
        uv_stop(&server->loop);
}

/* Of the last configuration that had any. */
static const struct config_tls *tls_settings(const struct server *server)
{
    return server->apps_config->tls.enabled ? &server->apps_config->tls : &server->config->tls;
}

/* --- what comes round ----------------------------------------------------------------------- */

/* The watchdog is fed only if every thread turns: one that has stalled starves it. */
static void look_at_threads(struct server *server)
{
    bool all_turn = true;

    for (size_t i = 0; i < server->workers_count; i++) {
        const unsigned ticks = atomic_load(&server->workers[i].loop.ticks);

        all_turn = all_turn && ticks != server->workers[i].ticks_seen;
        server->workers[i].ticks_seen = ticks;
    }
    server->all_turn = all_turn && !cluster_is_stalled(server->cluster);
    if (server_notify_is_watched() && (server->all_turn || server->is_ending))
        server_notify("WATCHDOG=1");
}

static void on_housekeeping(uv_timer_t *timer)
{
    struct server *server = timer->data;

    if (server->cluster != NULL)
        cluster_check_stall(server->cluster);
    look_at_threads(server);
    if (server->is_ending && uv_now(&server->loop) >= server->ends_by_ms)
        abandon(server, "a worker");
    if (server->parent != 0 && getppid() != server->parent)
        on_parent_gone(server);
    for (struct pusher_app *app = pusher_apps_first(server->apps); app != NULL; app = app->next)
        channel_registry_expire(app->channels, uv_now(&server->loop));
    if (server->tls != NULL && net_tls_is_stale(server->tls))
        reload_certificate(server, tls_settings(server));
}

/* --- the process that started it ------------------------------------------------------------ */

static void on_config_text(const char *text, void *user)
{
    struct server *server = user;

    if (server->is_ending)
        return;
    free(server->config_text);
    server->config_text = bytes_copy(bytes_of(text));
    reload(server);
}

/* The remainder of a socket id's first number says which worker has it. */
static void on_message_command(uint64_t socket_id, struct bytes message, void *user)
{
    struct server *server = user;

    server_worker_message(
        &server->workers[pusher_socket_id_worker(socket_id, server->workers_count)], socket_id,
        message);
}

static const struct server_commands_events commands_events = {
    .on_config = on_config_text,
    .on_message = on_message_command,
    .on_gone = on_parent_gone,
};

/* A signal of the terminal is for the parent alone, who passes it on: once, not twice. And a parent
 * that does not read what `--debug` shows must not hold up a worker. */
static void become_supervised(struct server *server)
{
    const int flags = fcntl(STDOUT_FILENO, F_GETFL);
    struct stat output;

    server->parent = getppid();
    setpgid(0, 0);
    if (flags >= 0 && fstat(STDOUT_FILENO, &output) == 0 && S_ISFIFO(output.st_mode))
        fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
}

static bool listen_for_laravel(struct server *server)
{
    const struct config_options *options = server->options;
    struct buffer error = {0};

    if (options->supervised)
        become_supervised(server);
    if (server->config->debug) {
        server->debug.events = &observer_debug_events;
        server->observers = &server->debug;
    }
    if (options->events_fd != NULL) {
        server->laravel = observer_laravel_new(options->events_fd, options->events, &error);
        if (server->laravel == NULL)
            printable_print_line(stderr, "reverb: %s", buffer_text(&error));
        else
            server->observers = observer_laravel_listen(server->laravel, server->observers);
    }
    buffer_deinit(&error);
    return options->events_fd == NULL || server->laravel != NULL;
}

static void talk_with_laravel(struct server *server)
{
    struct buffer error = {0};

    if (server->laravel != NULL)
        observer_laravel_start(server->laravel, &server->loop, server->apps,
                               server->config->pulse_ingest_interval_s);
    if (server->options->commands_fd != NULL) {
        server->commands = server_commands_open(&server->loop, server->options->commands_fd,
                                                &commands_events, server, &error);
        if (server->commands == NULL)
            log_warn("%s: no commands are taken", buffer_text(&error));
    }
    buffer_deinit(&error);
}

static void on_command(struct bytes command, struct buffer *answer, void *user)
{
    struct server *server = user;

    if (bytes_equal(command, BYTES("status"))) {
        server_status_write(answer, &(struct server_status){
                                        .config = server->config,
                                        .port = server->port,
                                        .started_ms = server->started_ms,
                                        .now_ms = uv_now(&server->loop),
                                        .state = server->is_ending ? "ending" : "running",
                                        .apps = server->apps,
                                        .cluster = server->cluster,
                                        .metrics = server->metrics,
                                        .workers_count = server->workers_count,
                                    });
        return;
    }
    if (bytes_equal(command, BYTES("stop"))) {
        end(server);
    } else if (bytes_equal(command, BYTES("reload"))) {
        reload(server);
    } else {
        buffer_append_text(answer, "{\"error\":\"unknown command\"}");
        return;
    }
    buffer_printf(answer, "{\"pid\":%d,\"ends_within_s\":%u}", (int)uv_os_getpid(),
                  server->config->drain_s + server->config->shutdown_timeout_s);
}

/* --- administration ------------------------------------------------------------------------- */

static void write_health(const struct server *server, struct admin_page *page)
{
    const bool is_ready = page->kind == ADMIN_PAGE_LIVE || !server->is_ending;

    if (page->kind == ADMIN_PAGE_LIVE && !server->all_turn) {
        page->status = 503;
        buffer_append_text(&page->body, "{\"live\":false,\"reason\":\"a thread stands still\"}\n");
    } else if (!is_ready) {
        page->status = 503;
        buffer_append_text(&page->body, "{\"ready\":false,\"reason\":\"ending\"}\n");
    } else {
        buffer_printf(&page->body, "{\"%s\":true}\n",
                      page->kind == ADMIN_PAGE_LIVE ? "live" : "ready");
    }
}

static void on_admin_page(struct admin_page *page, void *user)
{
    const struct server *server = user;

    if (page->kind == ADMIN_PAGE_LIVE || page->kind == ADMIN_PAGE_READY)
        write_health(server, page);
    else
        admin_metrics_write(&page->body,
                            &(struct admin_metrics_source){
                                .apps = server->apps,
                                .cluster = server->cluster,
                                .metrics = server->metrics,
                                .workers_count = server->workers_count,
                                .descriptors = &server->descriptors,
                                .started_s = server->started_s,
                            },
                            page->kind == ADMIN_PAGE_OPEN_METRICS);
}

/* Before the workers start: an address that cannot be had ends the start. */
static bool open_admin(struct server *server)
{
    struct buffer error = {0};

    if (server->config->admin == NULL)
        return true;
    server->admin = admin_open(server->config, &server->mailbox, on_admin_page, server, &error);
    if (server->admin == NULL)
        printable_print_line(stderr, "reverb: %s", buffer_text(&error));
    buffer_deinit(&error);
    return server->admin != NULL;
}

static void close_admin(struct server *server)
{
    if (server->admin == NULL)
        return;
    admin_end(server->admin);
    net_mailbox_drain(&server->mailbox);
    admin_free(server->admin);
    server->admin = NULL;
}

/* --- starting ------------------------------------------------------------------------------- */

static void fill_hub(struct server *server, size_t index)
{
    struct pusher_worker *pusher = &server->pusher_workers[index];

    pusher->all = server->pusher_workers;
    pusher->index = index;
    pusher->workers_count = server->workers_count;
    pusher->apps = server->apps;
    pusher->metrics = &server->metrics[index];
    pusher->fanout.all = server->fanouts;
    pusher->observers = server->observers;
    pusher->keeps_origins = server->laravel != NULL;
    server->fanouts[index] = &pusher->fanout;
}

static bool open_workers(struct server *server)
{
    int fds[CHANNEL_WORKERS_COUNT_MAX] = {0};

    if (!server_listen(server->config, server->workers_count, &server->port, fds))
        return false;
    for (size_t i = 0; i < server->workers_count; i++)
        fill_hub(server, i);
    for (size_t i = 0; i < server->workers_count; i++) {
        struct server_worker *worker = &server->workers[i];
        int status;

        worker->all = server->workers;
        worker->all_count = server->workers_count;
        worker->pusher = &server->pusher_workers[i];
        worker->tls = server->tls;
        worker->cluster = server->cluster;
        status = server_worker_open(worker, server->config, fds[i], &server->descriptors);
        if (status < 0) {
            fprintf(stderr, "reverb: a worker cannot start: %s\n", uv_strerror(status));
            exit(1);
        }
    }
    return true;
}

static void watch_signals(struct server *server)
{
    for (size_t i = 0; i < ENDING_SIGNALS_COUNT; i++) {
        CHECK(uv_signal_init(&server->loop, &server->signals[i]) == 0);
        server->signals[i].data = server;
        CHECK(uv_signal_start(&server->signals[i], on_ending_signal, ending_signals[i]) == 0);
    }
    CHECK(uv_signal_init(&server->loop, &server->reload_signal) == 0);
    server->reload_signal.data = server;
    CHECK(uv_signal_start(&server->reload_signal, on_reload_signal, SIGHUP) == 0);
}

static void open_main_loop(struct server *server)
{
    struct buffer error = {0};

    CHECK(uv_loop_init(&server->loop) == 0);
    CHECK(uv_async_init(&server->loop, &server->wake, on_wake) == 0);
    server->wake.data = server;
    CHECK(uv_timer_init(&server->loop, &server->housekeeping) == 0);
    server->housekeeping.data = server;
    CHECK(uv_timer_start(&server->housekeeping, on_housekeeping, HOUSEKEEPING_MS,
                         HOUSEKEEPING_MS) == 0);
    watch_signals(server);
    talk_with_laravel(server);
    CHECK(net_mailbox_open(&server->mailbox, &server->loop, server) == 0);
    server->all_turn = true;
    server->started_ms = uv_now(&server->loop);
    server->started_s = (double)time(NULL);
    server->control = server_control_open(&server->loop, server->port, on_command, server, &error);
    if (server->control == NULL)
        log_warn("`reverb status`, `stop`, `restart` and `reload` cannot reach this server: %s",
                 buffer_text(&error));
    buffer_deinit(&error);
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_main_loop(struct server *server)
{
    if (server->control != NULL)
        server_control_close(server->control);
    uv_walk(&server->loop, close_handle, NULL);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&server->loop) == 0);
}

static void start_workers(struct server *server)
{
    for (size_t i = 0; i < server->workers_count; i++)
        CHECK(server_worker_start(&server->workers[i], on_worker_ended, server) == 0);
}

static void close_workers(struct server *server)
{
    for (size_t i = 0; i < server->workers_count; i++)
        server_worker_join(&server->workers[i]);
    /* All that they did is told before this node says good-bye. */
    if (server->cluster != NULL && !cluster_end(server->cluster))
        abandon(server, "the thread that speaks to Redis");
    for (size_t i = 0; i < server->workers_count; i++)
        server_worker_close(&server->workers[i]);
}

static bool open_tls(struct server *server)
{
    struct buffer error = {0};

    if (!server->config->tls.enabled)
        return true;
    server->tls = net_tls_new(&server->config->tls, &error);
    if (server->tls == NULL)
        printable_print_line(stderr, "reverb: %s", buffer_text(&error));
    buffer_deinit(&error);
    return server->tls != NULL;
}

static bool open_cluster(struct server *server)
{
    struct buffer error = {0};

    if (!server->config->scaling.enabled)
        return true;
    server->cluster = cluster_open(&server->config->scaling, &pusher_cluster_events_table,
                                   &server->nodes, &server->descriptors, &error);
    if (server->cluster == NULL)
        printable_print_line(stderr, "reverb: %s", buffer_text(&error));
    buffer_deinit(&error);
    return server->cluster != NULL;
}

static void make_parts(struct server *server)
{
    const size_t count = server->workers_count;

    server->apps = pusher_apps_new(server->config, count, server->observers, server->cluster);
    server->pusher_workers = mem_new(count * sizeof *server->pusher_workers);
    server->fanouts = mem_new(count * sizeof(struct channel_fanout *));
    server->workers = mem_new(count * sizeof *server->workers);
    server->metrics = aligned_alloc(_Alignof(struct metrics), count * sizeof *server->metrics);
    CHECK(server->metrics != NULL);
    memset(server->metrics, 0, count * sizeof *server->metrics);
    server->nodes = (struct pusher_cluster_events){
        .workers = server->pusher_workers,
        .workers_count = count,
        .fanouts = server->fanouts,
        .apps = server->apps,
    };
}

static void free_parts(struct server *server)
{
    if (server->former_apps_config != NULL && server->former_apps_config != server->config)
        config_free(server->former_apps_config);
    if (server->apps_config != server->config)
        config_free(server->apps_config);
    admin_free(server->admin);
    cluster_free(server->cluster);
    pusher_cluster_events_deinit(&server->nodes);
    pusher_apps_free(server->apps);
    net_tls_free(server->tls);
    observer_laravel_free(server->laravel);
    server_commands_free(server->commands);
    free(server->config_text);
    free(server->pusher_workers);
    free(server->fanouts);
    free(server->workers);
    free(server->metrics);
    config_free(server->config);
}

int server_run(const struct config_options *options, struct config *config)
{
    struct server server = {.options = options, .config = config, .apps_config = config};
    bool is_open;

    signal(SIGPIPE, SIG_IGN); /* writing to a closed connection is an error, not the end */
    server.workers_count =
        config->workers < CHANNEL_WORKERS_COUNT_MAX ? config->workers : CHANNEL_WORKERS_COUNT_MAX;
    mem_suit(server.workers_count);
    net_descriptors_init(&server.descriptors);
    is_open = listen_for_laravel(&server);
    is_open = open_cluster(&server) && is_open;
    make_parts(&server);
    is_open = is_open && open_tls(&server) && open_admin(&server) && open_workers(&server);
    if (is_open) {
        open_main_loop(&server);
        if (server.cluster != NULL)
            cluster_start(server.cluster);
        start_workers(&server);
        if (server.admin != NULL)
            admin_start(server.admin);
        server_banner_print(config, server.port, &server.descriptors);
        server_notify("READY=1");
        uv_run(&server.loop, UV_RUN_DEFAULT);
        close_admin(&server);
        close_workers(&server);
        if (server.laravel != NULL)
            observer_laravel_finish(server.laravel);
        close_main_loop(&server);
    }
    free_parts(&server);
    return is_open ? 0 : 1;
}
