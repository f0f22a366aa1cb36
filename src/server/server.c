#include "server/server.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/trusted_proxies.h"
#include "server/banner.h"
#include "server/console.h"
#include "server/ending.h"
#include "server/mind.h"
#include "server/minder.h"
#include "server/notify.h"
#include "server/pages.h"
#include "server/place.h"
#include "server/requests.h"
#include "server/signals.h"
#include "server/state.h"
#include "server/supervision.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HOUSEKEEPING_MS 1000
/* Free memory is returned to the system once in so many housekeepings. */
#define GIVE_BACK_EVERY 10

/* --- ending --------------------------------------------------------------------------------- */

/* A thread that has stalled cannot be ended, and nothing that it uses can be freed. The new process
 * of a restart, which may well be the cure, must not lose its minder. */
static void abandon(struct server_state *server, const char *who)
{
    log_error("%s has stalled: the process ends without it", who);
    if (server->control != NULL)
        server_control_close(server->control);
    fflush(NULL);
    if (server_minder_is_self(server))
        server_mind_exec(server->start->argv[0], server->succession.pid);
    _exit(1);
}

static void on_worker_ended(void *user)
{
    struct server_state *server = user;

    atomic_fetch_add(&server->ended_count, 1);
    uv_async_send(&server->wake);
}

/* A worker that has stalled does not close its listening socket. Where a new process answers on
 * that one too, the others' clients need not wait for it. */
static void look_at_listeners(struct server_state *server)
{
    const size_t open_count_max =
        server->succession.is_done ? atomic_load(&server->stalled_workers_count) : 0;

    if (server->is_ending && !server->are_told && !atomic_load(&server->is_lame_duck) &&
        atomic_load(&server->listening_count) <= open_count_max)
        server_ending_notify_workers(server);
}

static void on_wake(uv_async_t *wake)
{
    struct server_state *server = wake->data;

    server_reload_finish(&server->reload);
    look_at_listeners(server);
    if (atomic_load(&server->ended_count) == server->workers_count)
        uv_stop(&server->loop);
}

/* --- housekeeping --------------------------------------------------------------------------- */

/* The watchdog is notified only if every thread makes progress, so that it detects a stalled one.
 */
static void look_at_threads(struct server_state *server)
{
    bool all_turn = true;
    size_t stalled_count = 0;

    for (size_t i = 0; i < server->workers_count; i++) {
        struct server_worker *worker = &server->workers[i];
        const unsigned ticks = atomic_load(&worker->loop.ticks);
        const bool is_still = ticks == worker->ticks_seen && !atomic_load(&worker->has_ended);

        worker->still_count = is_still ? worker->still_count + 1 : 0;
        worker->ticks_seen = ticks;
        all_turn = all_turn && worker->still_count == 0;
        stalled_count += worker->still_count >= SERVER_STATE_STALLED_LOOKS;
    }
    if (stalled_count > atomic_exchange(&server->stalled_workers_count, stalled_count))
        log_error(
            "%zu of %zu workers have not turned for %d s: their clients are not served; if it "
            "lasts, restart the server",
            stalled_count, server->workers_count, SERVER_STATE_STALLED_LOOKS);
    all_turn = all_turn && !cluster_is_stalled(server->cluster);
    if (server_notify_is_watched() && (all_turn || server->is_ending))
        server_notify("WATCHDOG=1");
}

static void on_housekeeping(uv_timer_t *timer)
{
    struct server_state *server = timer->data;

    if (server->cluster != NULL)
        cluster_check_stall(server->cluster);
    look_at_threads(server);
    look_at_listeners(server);
    server_console_tick(server);
    server_top_tick(&server->top);
    pusher_refusals_flush(server->refusals, uv_now(&server->loop));
    if (server->ends_by_ms != 0 && uv_now(&server->loop) >= server->ends_by_ms)
        abandon(server, "a worker");
    if (server_supervision_is_child(server) &&
        server_predecessor_is_orphan(server->start->predecessor))
        server_supervision_lose_parent(server);
    for (struct pusher_app *app = pusher_apps_first(server->apps); app != NULL; app = app->next)
        channel_registry_expire(app->channels, uv_now(&server->loop));
    pusher_apps_free_unused(server->apps);
    server_reload_watch_certificate(&server->reload);
    if (++server->housekeepings_count % GIVE_BACK_EVERY == 0)
        mem_give_back();
}

/* --- starting ------------------------------------------------------------------------------- */

static void fill_hub(struct server_state *server, size_t index)
{
    struct pusher_worker *pusher = &server->pusher_workers[index];

    pusher->all = server->pusher_workers;
    pusher->index = index;
    pusher->workers_count = server->workers_count;
    pusher->apps = server->apps;
    pusher->metrics = &server->metrics[index];
    pusher->fanout.all.of_workers = server->fanouts;
    pusher->observers = server->observers;
    pusher->refusals = server->refusals;
    pusher->keeps_origins = server->laravel != NULL;
    server->fanouts[index] = &pusher->fanout;
}

/* The worker gets every n-th of the listening sockets. */
static int open_worker(struct server_state *server, size_t index)
{
    struct server_worker *worker = &server->workers[index];
    int *fds = mem_new(server->listen.count * sizeof *fds);
    size_t count = 0;
    int status;

    for (size_t i = index; i < server->listen.count; i += server->workers_count)
        fds[count++] = server->listen.fds[i];
    worker->all = server->workers;
    worker->all_count = server->workers_count;
    worker->pusher = &server->pusher_workers[index];
    worker->tls = server->tls;
    worker->trusted_proxies = server->trusted_proxies.count > 0 ? &server->trusted_proxies : NULL;
    worker->addresses = server->addresses;
    worker->has_batches = server->io.has_batches;
    worker->cluster = server->cluster;
    worker->stalled_workers_count = &server->stalled_workers_count;
    worker->is_lame_duck = &server->is_lame_duck;
    status = server_worker_open(worker, server->config, fds, count, &server->descriptors);
    free(fds);
    return status;
}

static bool open_workers(struct server_state *server, struct buffer *error)
{
    int status = 0;

    if (!server_listen_open(&server->listen, server->config, server->workers_count,
                            server->start->predecessor, error))
        return false;
    for (size_t i = 0; i < server->workers_count; i++)
        fill_hub(server, i);
    for (size_t i = 0; i < server->workers_count && status == 0; i++)
        status = open_worker(server, i);
    if (status < 0)
        buffer_printf(error, "a worker cannot start: %s", uv_strerror(status));
    return status == 0;
}

static void open_main_loop(struct server_state *server)
{
    struct buffer error = {0};

    CHECK(uv_loop_init(&server->loop) == 0);
    CHECK(uv_async_init(&server->loop, &server->wake, on_wake) == 0);
    server->wake.data = server;
    CHECK(uv_timer_init(&server->loop, &server->housekeeping) == 0);
    server->housekeeping.data = server;
    CHECK(uv_timer_start(&server->housekeeping, on_housekeeping, HOUSEKEEPING_MS,
                         HOUSEKEEPING_MS) == 0);
    CHECK(uv_timer_init(&server->loop, &server->lame_duck) == 0);
    server->lame_duck.data = server;
    server_signals_watch(server);
    server_supervision_start(server);
    CHECK(net_mailbox_open(&server->mailbox, &server->loop, server) == 0);
    server->started_ms = uv_now(&server->loop);
    server->started_s = (double)time(NULL);
    list_init(&server->console_watchers);
    server_tails_init(&server->tails, server->tail, &server->loop);
    server->why.mailbox = &server->mailbox;
    server_why_init(&server->why);
    server_top_init(&server->top);
    server_succession_init(&server->succession, &server->loop, &server_requests_succession, server);
    server->control =
        server_control_open(&server->loop, server->listen.port, server->listen.is_inherited,
                            &server_requests_control, server, &error);
    if (server->control == NULL)
        log_warn("`reverb status`, `stop`, `restart` and `reload` cannot reach this server: %s",
                 buffer_text(&error));
    buffer_deinit(&error);
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    /* The handle of a process is on the heap: its own function closes and frees it. */
    if (!uv_is_closing(handle))
        uv_close(handle, handle->type == UV_PROCESS ? server_succession_free_process : NULL);
}

static void close_main_loop(struct server_state *server)
{
    if (server->control != NULL)
        server_control_close(server->control);
    uv_walk(&server->loop, close_handle, NULL);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&server->loop) == 0);
}

static void start_workers(struct server_state *server)
{
    for (size_t i = 0; i < server->workers_count; i++)
        CHECK(server_worker_start(&server->workers[i], on_worker_ended, server) == 0);
}

static void join_workers(struct server_state *server)
{
    for (size_t i = 0; i < server->workers_count; i++)
        server_worker_join(&server->workers[i]);
}

static void close_workers(struct server_state *server)
{
    const bool runs_cluster = cluster_is_guest(server->cluster);

    if (!runs_cluster)
        join_workers(server);
    webhook_end(server->webhook);
    /* All changes of the workers are sent before this node leaves. */
    if (server->cluster != NULL && !cluster_end(server->cluster))
        abandon(server, "the thread that speaks to Redis");
    if (runs_cluster)
        join_workers(server);
    for (size_t i = 0; i < server->workers_count; i++)
        server_worker_close(&server->workers[i]);
}

static bool open_tls(struct server_state *server, struct buffer *error)
{
    if (!server->config->tls.enabled)
        return true;
    server->tls = net_tls_new(&server->config->tls, error);
    return server->tls != NULL;
}

static const char *send_to_artisan(struct bytes app_id, struct bytes body, void *user)
{
    return observer_laravel_send_webhook(user, app_id, body);
}

static bool open_webhooks(struct server_state *server, struct buffer *error)
{
    const struct webhook_pipe pipe = {send_to_artisan, server->laravel};

    server->webhook = webhook_new(server->config, server->laravel != NULL ? &pipe : NULL, error);
    if (server->webhook != NULL)
        server->observers = webhook_observe(server->webhook, server->observers);
    return server->webhook != NULL;
}

/* The lock is of this port: of several servers each sends its own. */
static void start_webhooks(struct server_state *server)
{
    struct buffer path = {0};

    server_place_socket(0, server->listen.port, &path);
    buffer_append_text(&path, ".webhooks");
    webhook_start(server->webhook, server->control != NULL ? buffer_text(&path) : NULL);
    buffer_deinit(&path);
}

static bool open_cluster(struct server_state *server, struct buffer *error)
{
    if (!server->config->scaling.enabled)
        return true;
    server->cluster = cluster_open(&server->config->scaling, &pusher_cluster_events_table,
                                   &server->nodes, &server->descriptors, error);
    if (server->cluster == NULL)
        return false;
    webhook_cluster_connect(&server->webhook_cluster, server->webhook, server->cluster);
    webhook_cluster_want(&server->webhook_cluster, server->config);
    return true;
}

static void make_parts(struct server_state *server)
{
    const size_t count = server->workers_count;

    server->addresses = net_address_table_new();
    server->trusted_proxies = config_trusted_proxies_read(server->config);
    server->apps = pusher_apps_new(server->config, count, server->observers, server->cluster);
    server->refusals = pusher_refusals_new();
    server->pusher_workers = mem_new(count * sizeof *server->pusher_workers);
    server->fanouts = mem_new(count * sizeof(struct channel_fanout *));
    server->workers = mem_new(count * sizeof *server->workers);
    server->metrics = aligned_alloc(_Alignof(struct metrics), count * sizeof *server->metrics);
    CHECK(server->metrics != NULL);
    memset(server->metrics, 0, count * sizeof *server->metrics);
    server->nodes = (struct pusher_cluster_events){
        .workers = server->pusher_workers,
        .workers_count = count,
        .fanouts = {.of_workers = server->fanouts, .is_of_cluster = true},
        .apps = server->apps,
        .cluster = server->cluster,
    };
}

static void free_parts(struct server_state *server)
{
    admin_free(server->admin);
    webhook_free(server->webhook);
    cluster_free(server->cluster);
    pusher_cluster_events_deinit(&server->nodes);
    pusher_apps_free(server->apps);
    net_tls_free(server->tls);
    observer_laravel_free(server->laravel);
    observer_tail_free(server->tail);
    observer_history_free(server->history);
    observer_busy_free(server->busy);
    server_commands_free(server->commands);
    server_listen_deinit(&server->listen);
    pusher_refusals_free(server->refusals);
    free(server->trusted_proxies.list);
    net_address_table_free(server->addresses);
    free(server->pusher_workers);
    free(server->fanouts);
    free(server->workers);
    free(server->metrics);
    server_reload_deinit(&server->reload);
}

/* Passes the parts to each other once all of them are open. */
static void connect_parts(struct server_state *server)
{
    struct server_reload *reload = &server->reload;

    server->why.history = server->history;
    server->why.workers = server->workers;
    server->why.workers_count = server->workers_count;
    server->top = (struct server_top){
        .workers = server->pusher_workers,
        .workers_count = server->workers_count,
        .apps = server->apps,
        .busy = server->busy,
        .mailbox = &server->mailbox,
    };
    reload->options = server->options;
    reload->config = server->config;
    reload->apps_config = server->config;
    reload->apps = server->apps;
    reload->tls = server->tls;
    reload->webhook = server->webhook;
    reload->webhook_cluster = &server->webhook_cluster;
    reload->workers = server->workers;
    reload->workers_count = server->workers_count;
    reload->laravel = server->laravel;
    reload->wake = &server->wake;
}

static bool open_all(struct server_state *server, struct buffer *error)
{
    bool is_open = server_supervision_open(server, error) && open_webhooks(server, error) &&
                   open_cluster(server, error);

    make_parts(server);
    is_open = is_open && open_tls(server, error) && open_workers(server, error) &&
              server_pages_open(server, error);
    connect_parts(server);
    return is_open;
}

static void start_threads(struct server_state *server)
{
    sigset_t before;

    server_mind_block_signals(&before); /* signals are for the main thread alone */
    if (server->cluster != NULL)
        cluster_start(server->cluster,
                      server->workers_count == 1 ? &server->workers[0].loop : NULL);
    start_webhooks(server);
    start_workers(server);
    if (server->admin != NULL)
        admin_start(server->admin);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void start(struct server_state *server)
{
    open_main_loop(server);
    start_threads(server);
    server_banner_print(server->config, server->listen.port, &server->descriptors, &server->io);
    server_listen_store(&server->listen);
    server_predecessor_say_ready(server->start->predecessor);
    server_notify("READY=1");
}

/* Returns the exit status: that of the new process if this one stayed as its minder. */
static int close_all(struct server_state *server)
{
    const bool is_json = server->config->log_json;
    pid_t minded;

    server_mind_block_signals(NULL); /* what comes from now on must not end this end */
    if (server_minder_is_self(server))
        uv_run(&server->loop, UV_RUN_NOWAIT); /* hands on what came just before */
    minded = server_minder_is_self(server) ? server->succession.pid : 0;
    server_pages_close(server);
    server_console_close(server);
    close_workers(server);
    net_mailbox_drain(&server->mailbox); /* what they have posted last */
    if (server->laravel != NULL)
        observer_laravel_finish(server->laravel);
    close_main_loop(server);
    free_parts(server);
    if (is_json)
        log_info("The server has ended.");
    if (minded != 0)
        return server_mind(minded);
    return server->succession.is_done && server->succession.pid == 0
               ? server->succession.exit_status
               : 0;
}

int server_run(const struct server_start *server_start, struct buffer *error)
{
    struct server_state server = {
        .start = server_start,
        .options = server_start->options,
        .config = server_start->config,
    };

    signal(SIGPIPE, SIG_IGN); /* writing to a closed connection is an error, not the end */
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    static_assert(CONFIG_WORKERS_MAX <= CHANNEL_WORKERS_COUNT_MAX, "each has a bit in masks");
    server.workers_count = server.config->workers;
    mem_suit(server.workers_count);
    net_descriptors_init(&server.descriptors);
    server.io = net_io_choose(server.config->io == CONFIG_IO_URING);
    if (!open_all(&server, error)) {
        free_parts(&server);
        return 1;
    }
    start(&server);
    uv_run(&server.loop, UV_RUN_DEFAULT);
    return close_all(&server);
}
