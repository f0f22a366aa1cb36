#include "server/control.h"

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "server/descriptors.h"
#include "server/place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_LEN_MAX 1024
#define ASKERS_COUNT_MAX 16

struct server_control {
    uv_pipe_t pipe;
    const struct server_control_events *events;
    void *user;
    char *path;
    ino_t inode; /* of the socket that was bound */
    struct list askers;
    size_t askers_count;
    bool is_closed; /* its own handle */
};

struct server_control_asker {
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
    if (!control->is_closed || control->askers_count > 0)
        return;
    free(control->path);
    free(control);
}

static void on_asker_closed(uv_handle_t *handle)
{
    struct server_control_asker *asker = handle->data;
    struct server_control *control = asker->control;

    list_remove(&asker->link);
    control->askers_count--;
    buffer_deinit(&asker->answer);
    free(asker);
    free_if_over(control);
}

static void close_asker(struct server_control_asker *asker)
{
    if (uv_is_closing((uv_handle_t *)&asker->pipe))
        return;
    asker->control->events->on_gone(asker, asker->control->user);
    uv_close((uv_handle_t *)&asker->pipe, on_asker_closed);
}

/* --- answering ------------------------------------------------------------------------------ */

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    close_asker(write->data);
}

void server_control_answer(struct server_control_asker *asker, struct bytes answer)
{
    uv_buf_t piece;

    if (asker->is_answered || uv_is_closing((uv_handle_t *)&asker->pipe))
        return;
    asker->is_answered = true;
    buffer_append_bytes(&asker->answer, answer);
    buffer_append_char(&asker->answer, '\n');
    piece = uv_buf_init(asker->answer.data, (unsigned)asker->answer.len);
    uv_read_stop((uv_stream_t *)&asker->pipe);
    if (uv_write(&asker->write, (uv_stream_t *)&asker->pipe, &piece, 1, on_written) < 0)
        close_asker(asker);
}

bool server_control_send_sockets(struct server_control_asker *asker, struct bytes answer,
                                 const int *fds, size_t count)
{
    struct buffer line = {0};
    uv_os_fd_t fd;
    bool is_sent;

    buffer_append_bytes(&line, answer);
    buffer_append_char(&line, '\n');
    is_sent = uv_fileno((uv_handle_t *)&asker->pipe, &fd) == 0 &&
              server_descriptors_send(fd, buffer_bytes(&line), fds, count);
    buffer_deinit(&line);
    return is_sent;
}

/* --- receiving ------------------------------------------------------------------------------ */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *piece)
{
    struct server_control_asker *asker = handle->data;

    (void)suggested;
    *piece = uv_buf_init(asker->input + asker->input_len,
                         (unsigned)(sizeof asker->input - asker->input_len));
}

static bool is_heard(const struct server_control_asker *asker)
{
    return !asker->is_answered && !uv_is_closing((const uv_handle_t *)&asker->pipe);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *piece)
{
    struct server_control_asker *asker = stream->data;
    const char *end;

    (void)piece;
    if (len < 0) {
        close_asker(asker);
        return;
    }
    asker->input_len += (size_t)len;
    while (is_heard(asker) && (end = memchr(asker->input, '\n', asker->input_len)) != NULL) {
        const size_t line_len = (size_t)(end - asker->input);
        char line[COMMAND_LEN_MAX];

        memcpy(line, asker->input, line_len);
        asker->input_len -= line_len + 1;
        memmove(asker->input, end + 1, asker->input_len);
        asker->control->events->on_command(asker, (struct bytes){line, line_len},
                                           asker->control->user);
    }
    if (asker->input_len == sizeof asker->input)
        close_asker(asker);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct server_control *control = stream->data;
    struct server_control_asker *asker;

    if (status < 0)
        return;
    asker = mem_new(sizeof *asker);
    CHECK(uv_pipe_init(stream->loop, &asker->pipe, 0) == 0);
    asker->pipe.data = asker;
    asker->write.data = asker;
    asker->control = control;
    list_append(&control->askers, &asker->link);
    control->askers_count++;
    if (uv_accept(stream, (uv_stream_t *)&asker->pipe) < 0 ||
        control->askers_count > ASKERS_COUNT_MAX ||
        uv_read_start((uv_stream_t *)&asker->pipe, on_alloc, on_read) < 0)
        close_asker(asker);
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
        status = uv_listen((uv_stream_t *)&control->pipe, ASKERS_COUNT_MAX, on_connection);
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
    list_init(&control->askers);
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
    LIST_EACH(link, following, &control->askers) {
        close_asker(LIST_OWNER(link, struct server_control_asker, link));
    }
    if (inode_of(control->path) == control->inode)
        unlink(control->path);
    uv_close((uv_handle_t *)&control->pipe, on_pipe_closed);
}
