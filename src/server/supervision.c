#include "server/supervision.h"

#include "base/log.h"
#include "observer/debug.h"
#include "pusher/socket_id.h"
#include "server/ending.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

bool server_supervision_is_child(const struct server_state *server)
{
    return server->options->supervised || server->start->predecessor->minder != 0;
}

/* Ends the server, as no parent could end it later, unless a new process is about to succeed it. */
void server_supervision_lose_parent(struct server_state *server)
{
    server->has_lost_parent = true;
    if (!server->succession.is_awaited || server_predecessor_is_orphan(server->start->predecessor))
        server_ending_begin(server);
}

static void on_commands_gone(void *user)
{
    server_supervision_lose_parent(user);
}

static void on_config_text(const char *text, void *user)
{
    struct server_state *server = user;

    if (!server->is_ending)
        server_reload_take(&server->reload, text);
}

/* The socket id determines the worker (pusher/socket_id.h). */
static void on_message_command(uint64_t socket_id, struct bytes message, void *user)
{
    struct server_state *server = user;

    server_worker_message(
        &server->workers[pusher_socket_id_worker(socket_id, server->workers_count)], socket_id,
        message);
}

/* The parent execs itself: until its new server is ready, this one continues to serve. */
static void on_await_command(void *user)
{
    struct server_state *server = user;

    if (server->is_ending || server->laravel == NULL)
        return;
    if (server->control != NULL)
        server_succession_await(&server->succession, NULL);
    observer_laravel_say_awaiting(
        server->laravel, server->control != NULL ? server_control_path(server->control) : "");
}

static void on_refuse_command(const char *reason, void *user)
{
    struct server_state *server = user;

    server_succession_fail(&server->succession, reason);
}

static const struct server_commands_events commands_events = {
    .on_config = on_config_text,
    .on_message = on_message_command,
    .on_await = on_await_command,
    .on_refuse = on_refuse_command,
    .on_gone = on_commands_gone,
};

/* A signal from the terminal must reach only the parent, which forwards it: once, not twice. And a
 * parent that does not read the output of `--debug` must not block a worker. */
static void become_supervised(const struct server_state *server)
{
    const struct server_predecessor *predecessor = server->start->predecessor;
    const int flags = fcntl(STDOUT_FILENO, F_GETFL);
    struct stat output;

    /* Servers that succeed one another under a minder share one process group. */
    if (predecessor->minder == 0 || predecessor->minder == predecessor->parent)
        setpgid(0, 0);
    if (flags >= 0 && fstat(STDOUT_FILENO, &output) == 0 && S_ISFIFO(output.st_mode))
        fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
}

bool server_supervision_open(struct server_state *server, struct buffer *error)
{
    const struct config_options *options = server->options;

    if (server_supervision_is_child(server))
        become_supervised(server);
    if (server->config->debug) {
        server->debug.events = &observer_debug_events;
        server->observers = &server->debug;
    }
    server->tail = observer_tail_new();
    server->observers = observer_tail_listen(server->tail, server->observers);
    server->busy = observer_busy_new();
    server->observers = observer_busy_listen(server->busy, server->observers);
    server->history = observer_history_new();
    server->observers = observer_history_listen(server->history, server->observers);
    if (options->events_fd != NULL) {
        server->laravel = observer_laravel_new(options->events_fd, options->events, error);
        if (server->laravel != NULL)
            server->observers = observer_laravel_listen(server->laravel, server->observers);
    }
    return options->events_fd == NULL || server->laravel != NULL;
}

void server_supervision_start(struct server_state *server)
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
