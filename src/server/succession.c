#include "server/succession.h"

#include "base/check.h"
#include "base/jsonwrite.h"
#include "base/mem.h"

#include <signal.h>
#include <string.h>

/* The time in which the new process must be ready: PHP may evaluate its configuration. */
#define START_MS 60000

void server_succession_init(struct server_succession *succession, uv_loop_t *loop,
                            const struct server_succession_events *events, void *user)
{
    *succession = (struct server_succession){.events = events, .user = user, .loop = loop};
    CHECK(uv_timer_init(loop, &succession->deadline) == 0);
    succession->deadline.data = succession;
}

static void answer_requester(struct server_succession *succession, const char *key,
                             const char *text)
{
    struct buffer answer = {0};

    if (succession->requester == NULL)
        return;
    buffer_printf(&answer, "{\"%s\":", key);
    jsonwrite_string(&answer, bytes_of(text));
    buffer_append_char(&answer, '}');
    server_control_answer(succession->requester, buffer_bytes(&answer));
    succession->requester = NULL;
    buffer_deinit(&answer);
}

void server_succession_fail(struct server_succession *succession, const char *reason)
{
    if (!succession->is_awaited)
        return;
    succession->is_awaited = false;
    succession->successor = NULL;
    succession->pid = 0;
    uv_timer_stop(&succession->deadline);
    answer_requester(succession, "error", reason);
    succession->events->on_failed(reason, succession->user);
}

/* SIGHUP before the new process can hold it, and SIGTSTP before it can handle it, would end and
 * stop it: the one is sent when it serves, of those that end it SIGTERM is sent in any case. */
void server_succession_signal(struct server_succession *succession, int number)
{
    if (!succession->is_awaited)
        return;
    if (number != SIGHUP)
        succession->deferred = SIGTERM;
    else if (succession->deferred == 0)
        succession->deferred = SIGHUP;
    if (succession->deferred == SIGTERM && succession->pid != 0)
        kill(succession->pid, SIGTERM);
}

static void send_deferred(const struct server_succession *succession)
{
    const pid_t peer = server_control_peer(succession->successor);
    const pid_t pid = peer != 0 ? peer : succession->pid;

    if (pid != 0 && succession->deferred != 0)
        kill(pid, succession->deferred);
}

static void succeed(struct server_succession *succession)
{
    send_deferred(succession);
    succession->is_awaited = false;
    succession->is_done = true;
    uv_timer_stop(&succession->deadline);
    answer_requester(succession, "done", "a new process serves");
    succession->events->on_done(succession->user);
}

static void on_deadline(uv_timer_t *timer)
{
    struct server_succession *succession = timer->data;

    if (succession->pid != 0)
        uv_kill(succession->pid, SIGKILL);
    server_succession_fail(succession, "no new process served within 60 s");
}

void server_succession_await(struct server_succession *succession,
                             struct server_control_caller *requester)
{
    succession->is_awaited = true;
    succession->deferred = 0;
    if (requester != NULL)
        succession->requester = requester;
    CHECK(uv_timer_start(&succession->deadline, on_deadline, START_MS, 0) == 0);
}

bool server_succession_is_possible(const struct server_succession *succession)
{
    return !succession->is_awaited && !succession->is_done;
}

/* --- starting one --------------------------------------------------------------------------- */

void server_succession_free_process(uv_handle_t *handle)
{
    free(handle);
}

static void start_program(struct server_succession *succession);

/* A reload of the whole process group may reach the new process before it can hold it. */
static bool is_needed_again(const struct server_succession *succession)
{
    return succession->is_awaited && succession->successor == NULL &&
           succession->deferred != SIGTERM;
}

static void write_end(struct buffer *reason, const struct server_succession *succession,
                      int64_t status, int number)
{
    if (number != 0)
        buffer_printf(reason, "the new process was ended by signal %d", number);
    else
        buffer_printf(reason, "the new process ended with status %d", (int)status);
    if (succession->is_done)
        return;
    buffer_append_text(reason, " before it served");
    if (number == 0)
        buffer_append_text(reason, "; its log says why");
}

static void on_process_exit(uv_process_t *process, int64_t status, int number)
{
    struct server_succession *succession = process->data;
    const pid_t pid = process->pid;
    struct buffer reason = {0};

    uv_close((uv_handle_t *)process, server_succession_free_process);
    if (pid != succession->pid)
        return; /* it reported before why it cannot start */
    if (succession->is_done && kill(-pid, 0) == 0)
        return; /* another has succeeded it already, in its process group */
    succession->pid = 0;
    if (number == SIGHUP && is_needed_again(succession)) {
        start_program(succession);
        return;
    }
    succession->exit_status = number != 0 ? 128 + number : (int)status;
    write_end(&reason, succession, status, number);
    if (!succession->is_done)
        server_succession_fail(succession, buffer_text(&reason));
    else if (succession->exit_status != 0)
        succession->events->on_lost(buffer_text(&reason), succession->user);
    buffer_deinit(&reason);
}

/* The environment, with the variables for the new process. */
static char **environment_with(char *path, char *minder)
{
    size_t count = 0;
    char **with;

    while (environ[count] != NULL)
        count++;
    with = mem_new((count + 3) * sizeof *with);
    memcpy(with, environ, count * sizeof *with);
    with[count] = path;
    with[count + 1] = minder;
    return with;
}

static int spawn(struct server_succession *succession, char *const *argv, char *path, char *minder)
{
    uv_stdio_container_t streams[] = {
        {.flags = UV_INHERIT_FD, .data.fd = 0},
        {.flags = UV_INHERIT_FD, .data.fd = 1},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
    };
    char **environment = environment_with(path, minder);
    const uv_process_options_t options = {
        .exit_cb = on_process_exit,
        .file = argv[0],
        .args = (char **)(uintptr_t)argv,
        .env = environment,
        .stdio = streams,
        .stdio_count = 3,
    };
    uv_process_t *process = mem_new(sizeof *process);
    const int status = uv_spawn(succession->loop, process, &options);

    process->data = succession;
    free(environment);
    if (status == 0)
        succession->pid = process->pid;
    else
        uv_close((uv_handle_t *)process, server_succession_free_process);
    return status;
}

static void start_program(struct server_succession *succession)
{
    struct buffer path = {0};
    struct buffer minder = {0};
    struct buffer reason = {0};
    int status;

    buffer_printf(&path, SERVER_SUCCESSION_PATH "=%s", succession->control_path);
    buffer_printf(&minder, SERVER_SUCCESSION_MINDER "=%d", (int)succession->minder);
    status = spawn(succession, succession->argv, (char *)(uintptr_t)buffer_text(&path),
                   (char *)(uintptr_t)buffer_text(&minder));
    if (status < 0) {
        buffer_printf(&reason, "%s cannot be started: %s", succession->argv[0],
                      uv_strerror(status));
        server_succession_fail(succession, buffer_text(&reason));
    }
    buffer_deinit(&path);
    buffer_deinit(&minder);
    buffer_deinit(&reason);
}

void server_succession_start(struct server_succession *succession, char *const *argv,
                             const char *control_path, pid_t minder,
                             struct server_control_caller *requester)
{
    CHECK(server_succession_is_possible(succession));
    succession->argv = argv;
    succession->control_path = control_path;
    succession->minder = minder;
    server_succession_await(succession, requester);
    start_program(succession);
}

/* --- its messages --------------------------------------------------------------------------- */

/* If we have started the new process, another one that comes by our port is none: it would take the
 * sockets from that one, and our process manager would not know it. */
static void give(struct server_succession *succession, struct server_control_caller *caller,
                 bool is_of_port, const int *fds, size_t fds_count)
{
    struct buffer answer = {0};

    if (!succession->is_awaited || succession->successor != NULL ||
        (is_of_port && succession->pid != 0)) {
        server_control_answer(caller, BYTES("{\"error\":\"nobody is waited for\"}"));
        return;
    }
    succession->successor = caller;
    buffer_printf(&answer, "{\"sockets\":%zu}", fds_count);
    if (!server_control_send_sockets(caller, buffer_bytes(&answer), fds, fds_count))
        server_succession_fail(succession, "the sockets cannot be handed over");
    buffer_deinit(&answer);
}

bool server_succession_hear(struct server_succession *succession,
                            struct server_control_caller *caller, struct bytes line, const int *fds,
                            size_t fds_count)
{
    const struct bytes failed = BYTES(SERVER_SUCCESSION_FAILED);

    const bool is_of_port = bytes_equal(line, BYTES(SERVER_SUCCESSION_ASK_PORT));

    if (is_of_port || bytes_equal(line, BYTES(SERVER_SUCCESSION_ASK))) {
        give(succession, caller, is_of_port, fds, fds_count);
    } else if (caller == succession->successor &&
               bytes_equal(line, BYTES(SERVER_SUCCESSION_READY))) {
        succeed(succession);
    } else if (bytes_starts_with(line, failed)) {
        char *reason = bytes_copy(bytes_from(line, failed.len));

        server_succession_fail(succession, reason);
        free(reason);
        server_control_answer(caller, BYTES("{}"));
    } else {
        return false;
    }
    return true;
}

void server_succession_forget(struct server_succession *succession,
                              struct server_control_caller *caller)
{
    if (caller == succession->requester)
        succession->requester = NULL;
    if (caller != succession->successor)
        return;
    succession->successor = NULL;
    /* If we have started it, its exit status says more. */
    if (succession->pid == 0 && !succession->is_done)
        server_succession_fail(succession, "the new process went away before it served");
}
