#include "server/ask.h"

#include "base/platform.h"
#include "server/place.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* If the server ends meanwhile, SIGPIPE must not kill this process. */
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

/* In place of what `answer` held. */
static bool read_all(int fd, struct buffer *answer)
{
    char piece[4096];
    ssize_t len;

    buffer_clear(answer);
    while ((len = read(fd, piece, sizeof piece)) > 0 || (len < 0 && errno == EINTR))
        if (len > 0)
            buffer_append(answer, piece, (size_t)len);
    while (answer->len > 0 && answer->data[answer->len - 1] == '\n')
        answer->len--;
    return len == 0 && answer->len > 0;
}

/* Connects, and sends the command; reads and writes wait for `within_s`, or for ever if it is 0.
 * -1 on failure; `reason` may hold the cause. */
static int send_to(const char *path, const char *command, unsigned within_s, struct buffer *reason)
{
    const struct timeval timeout = {.tv_sec = within_s};
    const int fd = server_place_connect(path, reason);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    if (send_line(fd, command))
        return fd;
    close(fd);
    return -1;
}

static void say_nobody(uint16_t port, const struct buffer *tried, const struct buffer *reason,
                       struct buffer *error)
{
    struct buffer path = {0};
    struct buffer user = {0};

    buffer_clear(error);
    buffer_printf(error, "no server answers for port %u (", port);
    buffer_append_bytes(error, buffer_bytes(tried));
    buffer_append_char(error, ')');
    if (reason->len > 0)
        buffer_printf(error, "; %.*s", BYTES_ARGS(buffer_bytes(reason)));
    else if (server_place_find_other(port, &path, &user))
        buffer_printf(error, "; there is one of user %s: ask as that user (%s)", buffer_text(&user),
                      buffer_text(&path));
    buffer_deinit(&path);
    buffer_deinit(&user);
}

/* Sends the command to the first socket that takes it; with `answer`, to the first that also
 * answers, whole. Returns the descriptor, which the caller closes; or -1 and the error message in
 * `error`. */
static int try_sockets(uint16_t port, const char *command, unsigned within_s, struct buffer *answer,
                       struct buffer *error)
{
    struct buffer path = {0};
    struct buffer tried = {0};
    struct buffer reason = {0};
    int fd = -1;

    for (size_t i = 0; fd < 0 && server_place_socket(i, port, &path); i++) {
        buffer_printf(&tried, "%s%s", i > 0 ? ", " : "", buffer_text(&path));
        fd = send_to(buffer_text(&path), command, within_s, &reason);
        if (fd >= 0 && answer != NULL && !read_all(fd, answer)) {
            close(fd);
            fd = -1;
        }
    }
    if (fd < 0)
        say_nobody(port, &tried, &reason, error);
    buffer_deinit(&path);
    buffer_deinit(&tried);
    buffer_deinit(&reason);
    return fd;
}

bool server_ask(uint16_t port, const char *command, unsigned within_s, struct buffer *answer)
{
    const int fd = try_sockets(port, command, within_s, answer, answer);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int server_ask_stream(uint16_t port, const char *command, struct buffer *error)
{
    return try_sockets(port, command, 0, NULL, error);
}
