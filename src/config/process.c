#include "config/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUT_LEN_MAX ((size_t)4 * 1024 * 1024)
#define ERR_LEN_MAX ((size_t)16 * 1024)
#define CHUNK_LEN 16384
#define WAIT_STEP_MS 1

enum { READ_END, WRITE_END };

/* A pipe to which the program writes. */
struct stream {
    int pipe[2];
    struct buffer *buffer;
    size_t len_max;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_end(struct stream *stream, int end)
{
    if (stream->pipe[end] >= 0)
        close(stream->pipe[end]);
    stream->pipe[end] = -1;
}

static int open_stream(struct stream *stream)
{
    if (pipe(stream->pipe) != 0) {
        stream->pipe[READ_END] = stream->pipe[WRITE_END] = -1;
        return errno;
    }
    fcntl(stream->pipe[READ_END], F_SETFD, FD_CLOEXEC);
    fcntl(stream->pipe[WRITE_END], F_SETFD, FD_CLOEXEC);
    return 0;
}

/* Starts it in a process group of its own, so that a kill reaches its children; without the signals
 * that this thread blocks. */
static int spawn(const char *path, char *const *arguments, char *const *environment,
                 const struct stream *out, const struct stream *err, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int status;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out->pipe[WRITE_END], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err->pipe[WRITE_END], STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    status = posix_spawn(pid, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return status;
}

/* Reads what is available; drops what exceeds the limit. False at the end. */
static bool drain(struct stream *stream, bool *is_too_long)
{
    char chunk[CHUNK_LEN];
    ssize_t len = read(stream->pipe[READ_END], chunk, sizeof chunk);
    size_t room = stream->len_max - stream->buffer->len;

    if (len < 0)
        return errno == EINTR;
    if (len == 0)
        return false;
    *is_too_long = (size_t)len > room;
    buffer_append(stream->buffer, chunk, *is_too_long ? room : (size_t)len);
    return true;
}

/* Until both ends are closed; false if time or room ran out first. */
static bool collect(struct stream *out, struct stream *err, int64_t deadline_ms,
                    struct config_process_result *result)
{
    while (out->pipe[READ_END] >= 0 || err->pipe[READ_END] >= 0) {
        struct pollfd polled[] = {{.fd = out->pipe[READ_END], .events = POLLIN},
                                  {.fd = err->pipe[READ_END], .events = POLLIN}};
        int64_t left_ms = deadline_ms - now_ms();
        bool is_err_cut = false;

        if (left_ms <= 0) {
            result->is_timed_out = true;
            return false;
        }
        if (poll(polled, 2, (int)left_ms) < 0 && errno != EINTR)
            return false;
        if (polled[0].revents != 0 && !drain(out, &result->is_too_long))
            close_end(out, READ_END);
        if (polled[1].revents != 0 && !drain(err, &is_err_cut))
            close_end(err, READ_END);
        if (result->is_too_long)
            return false;
    }
    return true;
}

/* A program may close its streams and stay. */
static void reap(pid_t pid, int64_t deadline_ms, bool is_killed,
                 struct config_process_result *result)
{
    const struct timespec step = {.tv_nsec = WAIT_STEP_MS * 1000000L};
    int status = 0;

    for (;;) {
        pid_t reaped;

        if (!is_killed && now_ms() >= deadline_ms) {
            result->is_timed_out = true;
            is_killed = true;
        }
        if (is_killed)
            kill(-pid, SIGKILL);
        reaped = waitpid(pid, &status, is_killed ? 0 : WNOHANG);
        if (reaped == pid || (reaped < 0 && errno != EINTR))
            break;
        nanosleep(&step, NULL);
    }
    result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int config_process_run(const char *path, char *const *arguments, char *const *environment,
                       int timeout_ms, struct config_process_result *result)
{
    struct stream out = {{-1, -1}, &result->out, OUT_LEN_MAX};
    struct stream err = {{-1, -1}, &result->err, ERR_LEN_MAX};
    int64_t deadline_ms = now_ms() + timeout_ms;
    pid_t pid;
    int status;

    *result = (struct config_process_result){0};
    status = open_stream(&out);
    if (status == 0)
        status = open_stream(&err);
    if (status == 0)
        status = spawn(path, arguments, environment, &out, &err, &pid);
    close_end(&out, WRITE_END);
    close_end(&err, WRITE_END);
    if (status == 0) {
        bool is_complete = collect(&out, &err, deadline_ms, result);

        reap(pid, deadline_ms, !is_complete, result);
    }
    close_end(&out, READ_END);
    close_end(&err, READ_END);
    return status;
}

char *config_process_find(const char *name)
{
    struct bytes rest = bytes_of(getenv("PATH"));
    struct bytes folder;
    struct buffer path = {0};
    char *found = NULL;

    while (found == NULL && bytes_next(&rest, ':', &folder)) {
        struct stat status;

        buffer_clear(&path);
        buffer_printf(&path, "%.*s%s%s", BYTES_ARGS(folder), folder.len > 0 ? "/" : "", name);
        if (stat(buffer_text(&path), &status) == 0 && S_ISREG(status.st_mode) &&
            access(path.data, X_OK) == 0)
            found = bytes_copy(bytes_of(path.data));
    }
    buffer_deinit(&path);
    return found;
}

void config_process_result_deinit(struct config_process_result *result)
{
    buffer_deinit(&result->out);
    buffer_deinit(&result->err);
}
