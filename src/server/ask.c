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

static bool read_all(int fd, struct buffer *answer)
{
    char piece[4096];
    ssize_t len;

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

/* False on failure; `reason` may hold the cause. */
static bool ask_at(const char *path, const char *command, unsigned within_s, struct buffer *answer,
                   struct buffer *reason)
{
    const int fd = send_to(path, command, within_s, reason);
    bool is_answered;

    if (fd < 0)
        return false;
    is_answered = read_all(fd, answer);
    close(fd);
    return is_answered;
}

static void say_nobody(uint16_t port, const struct buffer *tried, const struct buffer *reason,
                       struct buffer *answer)
{
    struct buffer path = {0};
    struct buffer user = {0};

    buffer_clear(answer);
    buffer_printf(answer, "no server answers for port %u (", port);
    buffer_append_bytes(answer, buffer_bytes(tried));
    buffer_append_char(answer, ')');
    if (reason->len > 0)
        buffer_printf(answer, "; %.*s", BYTES_ARGS(buffer_bytes(reason)));
    else if (server_place_find_other(port, &path, &user))
        buffer_printf(answer, "; there is one of user %s: ask as that user (%s)",
                      buffer_text(&user), buffer_text(&path));
    buffer_deinit(&path);
    buffer_deinit(&user);
}

bool server_ask(uint16_t port, const char *command, unsigned within_s, struct buffer *answer)
{
    struct buffer path = {0};
    struct buffer tried = {0};
    struct buffer reason = {0};
    bool is_answered = false;

    for (size_t i = 0; !is_answered && server_place_socket(i, port, &path); i++) {
        buffer_clear(answer);
        buffer_printf(&tried, "%s%s", i > 0 ? ", " : "", buffer_text(&path));
        is_answered = ask_at(buffer_text(&path), command, within_s, answer, &reason);
    }
    if (!is_answered)
        say_nobody(port, &tried, &reason, answer);
    buffer_deinit(&path);
    buffer_deinit(&tried);
    buffer_deinit(&reason);
    return is_answered;
}

int server_ask_stream(uint16_t port, const char *command, struct buffer *error)
{
    struct buffer path = {0};
    struct buffer tried = {0};
    struct buffer reason = {0};
    int fd = -1;

    for (size_t i = 0; fd < 0 && server_place_socket(i, port, &path); i++) {
        buffer_printf(&tried, "%s%s", i > 0 ? ", " : "", buffer_text(&path));
        fd = send_to(buffer_text(&path), command, 0, &reason);
    }
    if (fd < 0)
        say_nobody(port, &tried, &reason, error);
    buffer_deinit(&path);
    buffer_deinit(&tried);
    buffer_deinit(&reason);
    return fd;
}
