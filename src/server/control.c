#include "server/control.h"

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/platform.h"
#include "server/fd_passing.h"
#include "server/place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_LEN_MAX 1024
#define CALLERS_COUNT_MAX 16

struct server_control {
    uv_pipe_t pipe;
    const struct server_control_events *events;
    void *user;
    char *path;
    ino_t inode; /* of the socket that was bound */
    struct list callers;
    size_t callers_count;
    bool is_closed; /* its own handle */
};

struct server_control_caller {
    uv_pipe_t pipe;
    uv_write_t write;
    struct list link;
    struct server_control *control;
    char input[COMMAND_LEN_MAX];
    size_t input_len;
    struct buffer answer;
    bool is_answered;
};

/* The handle that is closed last frees the memory that all of them use. */
static void free_if_over(struct server_control *control)
{
    if (!control->is_closed || control->callers_count > 0)
        return;
    free(control->path);
    free(control);
}

static void on_caller_closed(uv_handle_t *handle)
{
    struct server_control_caller *caller = handle->data;
    struct server_control *control = caller->control;

    list_remove(&caller->link);
    control->callers_count--;
    buffer_deinit(&caller->answer);
    free(caller);
    free_if_over(control);
}

static void close_caller(struct server_control_caller *caller)
{
    if (uv_is_closing((uv_handle_t *)&caller->pipe))
        return;
    caller->control->events->on_gone(caller, caller->control->user);
    uv_close((uv_handle_t *)&caller->pipe, on_caller_closed);
}

pid_t server_control_peer(const struct server_control_caller *caller)
{
    uv_os_fd_t fd;

    return uv_fileno((const uv_handle_t *)&caller->pipe, &fd) == 0 ? platform_peer(fd) : 0;
}

/* --- answering ------------------------------------------------------------------------------ */

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    close_caller(write->data);
}

void server_control_answer(struct server_control_caller *caller, struct bytes answer)
{
    uv_buf_t piece;

    if (caller->is_answered || uv_is_closing((uv_handle_t *)&caller->pipe))
        return;
    caller->is_answered = true;
    buffer_append_bytes(&caller->answer, answer);
    buffer_append_char(&caller->answer, '\n');
    piece = uv_buf_init(caller->answer.data, (unsigned)caller->answer.len);
    uv_read_stop((uv_stream_t *)&caller->pipe);
    if (uv_write(&caller->write, (uv_stream_t *)&caller->pipe, &piece, 1, on_written) < 0)
        close_caller(caller);
}

/* Lines on their way to a caller. */
struct stream_write {
    uv_write_t write;
    struct buffer lines;
};

static void on_streamed(uv_write_t *write, int status)
{
    struct stream_write *stream = write->data;

    if (status < 0 && status != UV_ECANCELED)
        close_caller(write->handle->data);
    buffer_deinit(&stream->lines);
    free(stream);
}

bool server_control_stream(struct server_control_caller *caller, struct buffer *lines)
{
    uv_stream_t *pipe = (uv_stream_t *)&caller->pipe;
    struct stream_write *stream;
    uv_buf_t piece;

    if (caller->is_answered || uv_is_closing((uv_handle_t *)pipe) ||
        uv_stream_get_write_queue_size(pipe) > 0)
        return false;
    stream = mem_new(sizeof *stream);
    stream->lines = *lines;
    *lines = (struct buffer){0};
    stream->write.data = stream;
    piece = uv_buf_init(stream->lines.data, (unsigned)stream->lines.len);
    if (uv_write(&stream->write, pipe, &piece, 1, on_streamed) < 0) {
        buffer_deinit(&stream->lines);
        free(stream);
        close_caller(caller);
    }
    return true;
}

bool server_control_send_sockets(struct server_control_caller *caller, struct bytes answer,
                                 const int *fds, size_t count)
{
    struct buffer line = {0};
    uv_os_fd_t fd;
    bool is_sent;

    buffer_append_bytes(&line, answer);
    buffer_append_char(&line, '\n');
    is_sent = uv_fileno((uv_handle_t *)&caller->pipe, &fd) == 0 &&
              server_fd_passing_send(fd, buffer_bytes(&line), fds, count);
    buffer_deinit(&line);
    return is_sent;
}

/* --- receiving ------------------------------------------------------------------------------ */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *piece)
{
    struct server_control_caller *caller = handle->data;

    (void)suggested;
    *piece = uv_buf_init(caller->input + caller->input_len,
                         (unsigned)(sizeof caller->input - caller->input_len));
}

static bool is_heard(const struct server_control_caller *caller)
{
    return !caller->is_answered && !uv_is_closing((const uv_handle_t *)&caller->pipe);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *piece)
{
    struct server_control_caller *caller = stream->data;
    const char *end;

    (void)piece;
    if (len < 0) {
        close_caller(caller);
        return;
    }
    caller->input_len += (size_t)len;
    while (is_heard(caller) && (end = memchr(caller->input, '\n', caller->input_len)) != NULL) {
        const size_t line_len = (size_t)(end - caller->input);
        char line[COMMAND_LEN_MAX];

        memcpy(line, caller->input, line_len);
        caller->input_len -= line_len + 1;
        memmove(caller->input, end + 1, caller->input_len);
        caller->control->events->on_command(caller, (struct bytes){line, line_len},
                                            caller->control->user);
    }
    if (caller->input_len == sizeof caller->input)
        close_caller(caller);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct server_control *control = stream->data;
    struct server_control_caller *caller;

    if (status < 0)
        return;
    caller = mem_new(sizeof *caller);
    CHECK(uv_pipe_init(stream->loop, &caller->pipe, 0) == 0);
    caller->pipe.data = caller;
    caller->write.data = caller;
    caller->control = control;
    list_append(&control->callers, &caller->link);
    control->callers_count++;
    if (uv_accept(stream, (uv_stream_t *)&caller->pipe) < 0 ||
        control->callers_count > CALLERS_COUNT_MAX ||
        uv_read_start((uv_stream_t *)&caller->pipe, on_alloc, on_read) < 0)
        close_caller(caller);
}

/* --- life ----------------------------------------------------------------------------------- */

static void on_pipe_closed(uv_handle_t *handle)
{
    struct server_control *control = handle->data;

    control->is_closed = true;
    free_if_over(control);
}

/* Removes the socket of a server that was killed; that of a server that answers stays. */
static bool remove_stale(const char *path, struct buffer *error)
{
    const int fd = server_place_connect(path, error);

    if (fd >= 0) {
        close(fd);
        buffer_printf(error, "%s is in use by another server on the same port", path);
    } else if (error->len == 0) {
        unlink(path);
    }
    return fd < 0 && error->len == 0;
}

static ino_t inode_of(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 ? info.st_ino : 0;
}

/* Replaces the socket by a rename, so that there is always one at the path. */
static int bind_over(struct server_control *control)
{
    struct buffer aside = {0};
    int status;

    buffer_printf(&aside, "%s.%d", control->path, (int)uv_os_getpid());
    unlink(buffer_text(&aside));
    status = uv_pipe_bind(&control->pipe, buffer_text(&aside));
    if (status == 0)
        status = uv_listen((uv_stream_t *)&control->pipe, CALLERS_COUNT_MAX, on_connection);
    control->inode = inode_of(buffer_text(&aside));
    if (status == 0 && rename(buffer_text(&aside), control->path) != 0)
        status = UV_EIO;
    if (status < 0)
        unlink(buffer_text(&aside));
    buffer_deinit(&aside);
    return status;
}

struct server_control *server_control_open(uv_loop_t *loop, uint16_t port, bool replaces,
                                           const struct server_control_events *events, void *user,
                                           struct buffer *error)
{
    struct buffer path = {0};
    struct server_control *control;
    int status;

    server_place_socket(0, port, &path);
    if (!server_place_make(error) || (!replaces && !remove_stale(buffer_text(&path), error))) {
        buffer_deinit(&path);
        return NULL;
    }
    control = mem_new(sizeof *control);
    control->events = events;
    control->user = user;
    control->path = bytes_copy(buffer_bytes(&path));
    buffer_deinit(&path);
    list_init(&control->callers);
    CHECK(uv_pipe_init(loop, &control->pipe, 0) == 0);
    control->pipe.data = control;
    status = bind_over(control);
    if (status == 0)
        return control;
    buffer_printf(error, "%s: %s", control->path, uv_strerror(status));
    uv_close((uv_handle_t *)&control->pipe, on_pipe_closed);
    return NULL;
}

const char *server_control_path(const struct server_control *control)
{
    return control->path;
}

void server_control_close(struct server_control *control)
{
    LIST_EACH(link, following, &control->callers) {
        close_caller(LIST_OWNER(link, struct server_control_caller, link));
    }
    if (inode_of(control->path) == control->inode)
        unlink(control->path);
    uv_close((uv_handle_t *)&control->pipe, on_pipe_closed);
}
