#include "server/commands.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "pusher/socket_id.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>

/* Enough for a configuration with thousands of apps. */
#define LINE_LEN_MAX ((size_t)16 * 1024 * 1024)
#define READ_LEN 65536

struct server_commands {
    uv_pipe_t pipe;
    const struct server_commands_events *events;
    void *user;
    struct buffer input;
};

static void do_config(struct server_commands *commands, const json_t *command)
{
    char *text = json_dumps(json_object_get(command, "config"), 0);

    if (text == NULL)
        log_warn("a command without a configuration is left out");
    else
        commands->events->on_config(text, commands->user);
    free(text);
}

static void do_message(struct server_commands *commands, const json_t *command, bool ends)
{
    const char *id_text = json_string_value(json_object_get(command, "socket_id"));
    const char *message = json_string_value(json_object_get(command, "message"));
    const uint64_t socket_id = id_text ? pusher_socket_id_parse(bytes_of(id_text)) : 0;

    if (socket_id == 0 || (message == NULL && !ends))
        log_warn("a command without its socket id or message is left out");
    else
        commands->events->on_message(socket_id, ends ? BYTES_NONE : bytes_of(message),
                                     commands->user);
}

static void do_refuse(struct server_commands *commands, const json_t *command)
{
    const char *reason = json_string_value(json_object_get(command, "reason"));

    commands->events->on_refuse(reason != NULL ? reason : "", commands->user);
}

static void obey(struct server_commands *commands, struct bytes line)
{
    json_t *command = json_loadb(line.data, line.len, 0, NULL);
    const char *name = json_string_value(json_object_get(command, "command"));

    if (name != NULL && strcmp(name, "config") == 0)
        do_config(commands, command);
    else if (name != NULL && (strcmp(name, "send") == 0 || strcmp(name, "disconnect") == 0))
        do_message(commands, command, strcmp(name, "disconnect") == 0);
    else if (name != NULL && strcmp(name, "await") == 0)
        commands->events->on_await(commands->user);
    else if (name != NULL && strcmp(name, "refuse") == 0)
        do_refuse(commands, command);
    else
        log_warn("a command that is not known is left out");
    json_decref(command);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *piece)
{
    struct server_commands *commands = handle->data;

    (void)suggested;
    *piece = uv_buf_init(buffer_reserve(&commands->input, READ_LEN), READ_LEN);
}

static void give_up(struct server_commands *commands)
{
    uv_read_stop((uv_stream_t *)&commands->pipe);
    commands->events->on_gone(commands->user);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *piece)
{
    struct server_commands *commands = stream->data;
    const char *end;

    (void)piece;
    if (len < 0) {
        give_up(commands);
        return;
    }
    commands->input.len += (size_t)len;
    while (commands->input.len > 0 &&
           (end = memchr(commands->input.data, '\n', commands->input.len)) != NULL) {
        const size_t line_len = (size_t)(end - commands->input.data);

        obey(commands, (struct bytes){commands->input.data, line_len});
        buffer_consume(&commands->input, line_len + 1);
    }
    if (commands->input.len > LINE_LEN_MAX) {
        log_error("a command is longer than %zu bytes; no more are taken", LINE_LEN_MAX);
        uv_read_stop(stream);
    }
}

struct server_commands *server_commands_open(uv_loop_t *loop, const char *descriptor,
                                             const struct server_commands_events *events,
                                             void *user, struct buffer *error)
{
    struct server_commands *commands;
    uint64_t fd;

    if (!bytes_to_number(bytes_of(descriptor), INT32_MAX, &fd) || fcntl((int)fd, F_GETFD) < 0) {
        buffer_printf(error, "--commands-fd \"%s\" is no open descriptor", descriptor);
        return NULL;
    }
    commands = mem_new(sizeof *commands);
    commands->events = events;
    commands->user = user;
    CHECK(uv_pipe_init(loop, &commands->pipe, 0) == 0);
    commands->pipe.data = commands;
    fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    if (uv_pipe_open(&commands->pipe, (uv_file)fd) < 0 ||
        uv_read_start((uv_stream_t *)&commands->pipe, on_alloc, on_read) < 0)
        log_warn("no commands can be read from descriptor %s", descriptor);
    return commands;
}

void server_commands_free(struct server_commands *commands)
{
    if (commands == NULL)
        return;
    buffer_deinit(&commands->input);
    free(commands);
}
