#include "server/requests.h"

#include "base/log.h"
#include "server/ending.h"
#include "server/mind.h"
#include "server/minder.h"
#include "server/notify.h"
#include "server/pages.h"
#include "server/status.h"
#include "webhook/status.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void answer_end(const struct server_state *server, struct server_control_caller *caller)
{
    struct buffer answer = {0};

    buffer_printf(&answer, "{\"pid\":%d,\"ends_within_s\":%u}", (int)uv_os_getpid(),
                  server->config->lame_duck_s + server->config->drain_s +
                      server->config->shutdown_timeout_s);
    server_control_answer(caller, buffer_bytes(&answer));
    buffer_deinit(&answer);
}

/* --- succession ----------------------------------------------------------------------------- */

/* Notifies systemd of the new server's pid; for another process manager, this process stays as the
 * minder. */
static void on_succeeded(void *user)
{
    struct server_state *server = user;
    char state[32];

    log_info("a new process serves; this one ends");
    if (server->admin != NULL)
        admin_bequeath(server->admin);
    server_pages_close(server);
    if (server_notify_is_heard() && server->succession.pid != 0) {
        snprintf(state, sizeof state, "MAINPID=%d", (int)server->succession.pid);
        server_notify(state);
    }
    server_ending_begin(server);
}

static void on_not_succeeded(const char *reason, void *user)
{
    struct server_state *server = user;

    if (!server->is_ending)
        log_error("the server was not restarted: %s", reason);
    if (server->has_lost_parent)
        server_ending_begin(server); /* its parent is gone and cannot end it later */
}

/* Nobody serves until this process has ended, and the process manager starts another. */
static void on_successor_lost(const char *reason, void *user)
{
    log_error("%s; this one, which still waits for clients, ends at once", reason);
    server_ending_hasten(user);
}

const struct server_succession_events server_requests_succession = {
    .on_done = on_succeeded,
    .on_failed = on_not_succeeded,
    .on_lost = on_successor_lost,
};

static bool has_configuration_again(const struct server_state *server)
{
    const char *file = server->options->config_file;

    return file == NULL || strcmp(file, "-") != 0;
}

/* If this process cannot start a new one, it ends, for its process manager to start it again. */
static void restart(struct server_state *server, struct server_control_caller *caller)
{
    if (server->laravel != NULL) {
        server_succession_await(&server->succession, caller);
        observer_laravel_ask_restart(server->laravel);
    } else if (!has_configuration_again(server)) {
        server_ending_begin(server);
        answer_end(server, caller);
    } else {
        server_mind_adopts();
        server_succession_start(&server->succession, server->start->argv,
                                server_control_path(server->control), server_minder_pid(server),
                                caller);
    }
}

/* `php artisan reverb:start` that puts itself in its own place would start the next server,
 * whatever has become of this one. A signal to end comes from it, or to it as well; a command does
 * not. */
static void stop_parent(const struct server_state *server)
{
    const pid_t parent = getppid();

    if (server->laravel != NULL && server->succession.is_awaited &&
        parent == server->start->predecessor->parent)
        kill(parent, SIGTERM);
}

static void stop(struct server_state *server, struct server_control_caller *caller, bool is_patient)
{
    stop_parent(server);
    server_requests_end(server, SIGTERM, !is_patient);
    answer_end(server, caller);
}

/* A new process that has begun to start may not have what has changed since. */
static void reload(struct server_state *server, struct server_control_caller *caller)
{
    server_minder_hand_on(server, SIGHUP);
    server_reload_run(&server->reload, caller);
}

/* --- commands ------------------------------------------------------------------------------- */

static void answer_status(struct server_state *server, struct server_control_caller *caller)
{
    struct buffer answer = {0};

    server_status_write(&answer,
                        &(struct server_status){
                            .config = server->config,
                            .port = server->listen.port,
                            .started_ms = server->started_ms,
                            .now_ms = uv_now(&server->loop),
                            .state = server->is_ending ? "ending" : "running",
                            .apps = server->apps,
                            .cluster = server->cluster,
                            .metrics = server->metrics,
                            .workers_count = server->workers_count,
                            .io = &server->io,
                            .stalled_workers_count = atomic_load(&server->stalled_workers_count),
                        });
    server_control_answer(caller, buffer_bytes(&answer));
    buffer_deinit(&answer);
}

static void answer_webhooks(struct server_state *server, struct server_control_caller *caller)
{
    struct buffer answer = {0};

    webhook_status_write(server->webhook, &answer);
    server_control_answer(caller, buffer_bytes(&answer));
    buffer_deinit(&answer);
}

/* The administration's listening socket is sent too, as the last one. */
static bool hear_successor(struct server_state *server, struct server_control_caller *caller,
                           struct bytes line)
{
    struct server_listen *listen = &server->listen;

    if (server->admin != NULL)
        listen->fds[listen->count] = admin_fd(server->admin);
    return server_succession_hear(&server->succession, caller, line, listen->fds,
                                  listen->count + (server->admin != NULL));
}

static void on_command(struct server_control_caller *caller, struct bytes command, void *user)
{
    struct server_state *server = user;

    if (hear_successor(server, caller, command) ||
        server_tails_hear(&server->tails, caller, command) ||
        server_why_hear(&server->why, caller, command) ||
        server_top_hear(&server->top, caller, command))
        return;
    if (bytes_equal(command, BYTES("status"))) {
        answer_status(server, caller);
    } else if (bytes_equal(command, BYTES("webhooks"))) {
        answer_webhooks(server, caller);
    } else if (bytes_equal(command, BYTES("stop")) || bytes_equal(command, BYTES("stop now"))) {
        stop(server, caller, command.len == strlen("stop"));
    } else if (bytes_equal(command, BYTES("restart")) && server->is_ending) {
        server_control_answer(caller, BYTES("{\"error\":\"the server is ending\"}"));
    } else if (bytes_equal(command, BYTES("restart")) &&
               !server_succession_is_possible(&server->succession)) {
        server_control_answer(caller, BYTES("{\"error\":\"a restart is under way\"}"));
    } else if (bytes_equal(command, BYTES("restart"))) {
        restart(server, caller);
    } else if (bytes_equal(command, BYTES("reload"))) {
        reload(server, caller);
    } else {
        server_control_answer(caller, BYTES("{\"error\":\"unknown command\"}"));
    }
}

static void on_caller_gone(struct server_control_caller *caller, void *user)
{
    struct server_state *server = user;

    server_succession_forget(&server->succession, caller);
    server_reload_forget(&server->reload, caller);
    server_tails_forget(&server->tails, caller);
    server_why_forget(&server->why, caller);
    server_top_forget(&server->top, caller);
}

void server_requests_end(struct server_state *server, int number, bool is_hastened)
{
    struct server_control_caller *requester = server->succession.requester;

    server_minder_hand_on(server, number);
    if (requester != NULL && !server->succession.is_done)
        answer_end(server, requester);
    if (is_hastened)
        server_ending_hasten(server);
    else
        server_ending_begin(server);
}

const struct server_control_events server_requests_control = {
    .on_command = on_command,
    .on_gone = on_caller_gone,
};
