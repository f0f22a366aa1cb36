#include "server/control.h"

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/platform.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define COMMAND_LEN_MAX 64
#define ASKERS_COUNT_MAX 16
#define ASK_S 5

struct server_control {
    uv_pipe_t pipe;
    server_control_command_fn on_command;
    void *user;
    char *path;
    struct list askers;
    size_t askers_count;
    bool is_closed; /* its own handle */
};

struct asker {
    uv_pipe_t pipe;
    uv_write_t write;
    struct list link;
    struct server_control *control;
    char command[COMMAND_LEN_MAX];
    size_t command_len;
    struct buffer answer;
};

/* --- where it is ---------------------------------------------------------------------------- */

/* The n-th place where it may be; false where there is none. A server that a process manager has
 * started knows no runtime folder, the shell that asks for it does. */
static bool folder(size_t index, struct buffer *out)
{
    const char *named = getenv("REVERB_CONTROL");
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    const bool has_runtime = runtime != NULL && *runtime != '\0';

    buffer_clear(out);
    if (named != NULL && *named != '\0') {
        buffer_append_text(out, named);
        return index == 0;
    }
    if (has_runtime && index == 0)
        buffer_printf(out, "%s/reverb", runtime);
    else
        buffer_printf(out, "/tmp/reverb-%u", (unsigned)geteuid());
    return index == 0 || (has_runtime && index == 1);
}

static bool socket_path(size_t index, uint16_t port, struct buffer *path)
{
    const bool is_place = folder(index, path);

    buffer_printf(path, "/%u.sock", port);
    return is_place;
}

/* Somebody else's folder under our name would hand them our commands. */
static bool make_folder(struct buffer *error)
{
    struct buffer path = {0};
    struct stat info;
    bool is_ours = false;

    folder(0, &path);
    if (mkdir(buffer_text(&path), 0700) != 0 && errno != EEXIST)
        buffer_printf(error, "%s cannot be made: %s", buffer_text(&path), strerror(errno));
    else if (lstat(buffer_text(&path), &info) != 0 || !S_ISDIR(info.st_mode) ||
             info.st_uid != geteuid())
        buffer_printf(error, "%s belongs to somebody else", buffer_text(&path));
    else
        is_ours = true;
    buffer_deinit(&path);
    return is_ours;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval timeout = {.tv_sec = ASK_S};
    int fd;

    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = platform_socket(AF_UNIX);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* What a server that was killed has left behind is in the way; one that answers is not. */
static bool remove_stale(const char *path, struct buffer *error)
{
    const int fd = connect_to(path);

    if (fd < 0) {
        unlink(path);
        return true;
    }
    close(fd);
    buffer_printf(error, "%s is in use by another server on the same port", path);
    return false;
}

/* --- the server's side ---------------------------------------------------------------------- */

/* Whichever handle is closed last frees what all of them look at. */
static void free_if_over(struct server_control *control)
{
    if (!control->is_closed || control->askers_count > 0)
        return;
    free(control->path);
    free(control);
}

static void on_asker_closed(uv_handle_t *handle)
{
    struct asker *asker = handle->data;
    struct server_control *control = asker->control;

    list_remove(&asker->link);
    control->askers_count--;
    buffer_deinit(&asker->answer);
    free(asker);
    free_if_over(control);
}

static void close_asker(struct asker *asker)
{
    if (!uv_is_closing((uv_handle_t *)&asker->pipe))
        uv_close((uv_handle_t *)&asker->pipe, on_asker_closed);
}

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    close_asker(write->data);
}

static void answer(struct asker *asker, size_t command_len)
{
    uv_buf_t piece;

    asker->control->on_command((struct bytes){asker->command, command_len}, &asker->answer,
                               asker->control->user);
    buffer_append_char(&asker->answer, '\n');
    piece = uv_buf_init(asker->answer.data, (unsigned)asker->answer.len);
    uv_read_stop((uv_stream_t *)&asker->pipe);
    if (uv_write(&asker->write, (uv_stream_t *)&asker->pipe, &piece, 1, on_written) < 0)
        close_asker(asker);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *piece)
{
    struct asker *asker = handle->data;

    (void)suggested;
    *piece = uv_buf_init(asker->command + asker->command_len,
                         (unsigned)(sizeof asker->command - asker->command_len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *piece)
{
    struct asker *asker = stream->data;
    const char *end;

    (void)piece;
    if (len < 0) {
        close_asker(asker);
        return;
    }
    asker->command_len += (size_t)len;
    end = memchr(asker->command, '\n', asker->command_len);
    if (end != NULL)
        answer(asker, (size_t)(end - asker->command));
    else if (asker->command_len == sizeof asker->command)
        close_asker(asker);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct server_control *control = stream->data;
    struct asker *asker;

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

static void on_pipe_closed(uv_handle_t *handle)
{
    struct server_control *control = handle->data;

    control->is_closed = true;
    free_if_over(control);
}

struct server_control *server_control_open(uv_loop_t *loop, uint16_t port,
                                           server_control_command_fn on_command, void *user,
                                           struct buffer *error)
{
    struct buffer path = {0};
    struct server_control *control;
    int status;

    socket_path(0, port, &path);
    if (!make_folder(error) || !remove_stale(buffer_text(&path), error)) {
        buffer_deinit(&path);
        return NULL;
    }
    control = mem_new(sizeof *control);
    control->on_command = on_command;
    control->user = user;
    control->path = bytes_copy(buffer_bytes(&path));
    buffer_deinit(&path);
    list_init(&control->askers);
    CHECK(uv_pipe_init(loop, &control->pipe, 0) == 0);
    control->pipe.data = control;
    status = uv_pipe_bind(&control->pipe, control->path);
    if (status == 0)
        status = uv_listen((uv_stream_t *)&control->pipe, ASKERS_COUNT_MAX, on_connection);
    if (status == 0)
        return control;
    buffer_printf(error, "%s: %s", control->path, uv_strerror(status));
    uv_close((uv_handle_t *)&control->pipe, on_pipe_closed);
    return NULL;
}

void server_control_close(struct server_control *control)
{
    LIST_EACH(link, following, &control->askers) {
        close_asker(LIST_OWNER(link, struct asker, link));
    }
    unlink(control->path);
    uv_close((uv_handle_t *)&control->pipe, on_pipe_closed);
}

/* --- the asker's side ----------------------------------------------------------------------- */

/* A server that ends meanwhile is no reason to be killed by SIGPIPE. */
static bool send_line(int fd, const char *text)
{
    struct buffer line = {0};
    bool is_sent;

    buffer_append_text(&line, text);
    buffer_append_char(&line, '\n');
    is_sent = platform_send(fd, buffer_bytes(&line)) == (ssize_t)line.len;
    buffer_deinit(&line);
    return is_sent;
}

static bool exchange(int fd, const char *command, struct buffer *answer_line)
{
    char piece[4096];
    ssize_t len;

    if (!send_line(fd, command))
        return false;
    while ((len = read(fd, piece, sizeof piece)) > 0)
        buffer_append(answer_line, piece, (size_t)len);
    while (answer_line->len > 0 && answer_line->data[answer_line->len - 1] == '\n')
        answer_line->len--;
    return len == 0 && answer_line->len > 0;
}

static bool ask_at(const char *path, const char *command, struct buffer *answer_line)
{
    const int fd = connect_to(path);
    bool is_answered;

    if (fd < 0)
        return false;
    is_answered = exchange(fd, command, answer_line);
    close(fd);
    return is_answered;
}

bool server_control_ask(uint16_t port, const char *command, struct buffer *answer_line)
{
    struct buffer path = {0};
    struct buffer tried = {0};
    bool is_answered = false;

    for (size_t i = 0; !is_answered && socket_path(i, port, &path); i++) {
        buffer_printf(&tried, "%s%s", i > 0 ? ", " : "", buffer_text(&path));
        is_answered = ask_at(buffer_text(&path), command, answer_line);
    }
    if (!is_answered) {
        buffer_clear(answer_line);
        buffer_printf(answer_line, "no server answers for port %u (%s)", port, buffer_text(&tried));
    }
    buffer_deinit(&path);
    buffer_deinit(&tried);
    return is_answered;
}
