#include "server/predecessor.h"

#include "base/platform.h"
#include "base/printable.h"
#include "server/fd_passing.h"
#include "server/place.h"
#include "server/succession.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_S 5
/* Fits in one command of the control socket. */
#define FAILED_LEN_MAX 900

static void set_timeout(int fd)
{
    const struct timeval timeout = {.tv_sec = ANSWER_S};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

void server_predecessor_open(struct server_predecessor *predecessor)
{
    const char *path = getenv(SERVER_SUCCESSION_PATH);
    struct buffer error = {0};
    uint64_t minder = 0;

    bytes_to_number(bytes_of(getenv(SERVER_SUCCESSION_MINDER)), INT32_MAX, &minder);
    *predecessor = (struct server_predecessor){
        .fd = path != NULL ? server_place_connect(path, &error) : -1,
        .minder = (pid_t)minder,
        .parent = getppid(),
    };
    if (predecessor->fd >= 0)
        set_timeout(predecessor->fd);
    unsetenv(SERVER_SUCCESSION_PATH);
    unsetenv(SERVER_SUCCESSION_MINDER);
    buffer_deinit(&error);
}

static bool say(struct server_predecessor *predecessor, const char *word, struct bytes more)
{
    struct buffer line = {0};
    bool is_sent;

    buffer_append_text(&line, word);
    buffer_append_bytes(&line, more);
    buffer_append_char(&line, '\n');
    is_sent = predecessor->fd >= 0 &&
              platform_send(predecessor->fd, buffer_bytes(&line)) == (ssize_t)line.len;
    buffer_deinit(&line);
    return is_sent;
}

/* Asks a server that runs on that port whether it awaits a successor. */
static void look_at_port(struct server_predecessor *predecessor, uint16_t port)
{
    struct buffer path = {0};
    struct buffer error = {0};

    server_place_socket(0, port, &path);
    predecessor->fd = server_place_connect(buffer_text(&path), &error);
    if (predecessor->fd >= 0)
        set_timeout(predecessor->fd);
    buffer_deinit(&path);
    buffer_deinit(&error);
}

static void leave(struct server_predecessor *predecessor)
{
    if (predecessor->fd >= 0)
        close(predecessor->fd);
    predecessor->fd = -1;
}

size_t server_predecessor_take_sockets(struct server_predecessor *predecessor, uint16_t port,
                                       int *fds)
{
    const bool is_known = predecessor->fd >= 0;
    struct buffer answer = {0};
    int count = -1;

    if (!is_known && port != 0)
        look_at_port(predecessor, port);
    if (say(predecessor, is_known ? SERVER_SUCCESSION_ASK : SERVER_SUCCESSION_ASK_PORT, BYTES("")))
        count = server_fd_passing_receive(predecessor->fd, &answer, fds);
    if (count <= 0)
        leave(predecessor);
    buffer_deinit(&answer);
    return count > 0 ? (size_t)count : 0;
}

void server_predecessor_say_ready(struct server_predecessor *predecessor)
{
    say(predecessor, SERVER_SUCCESSION_READY, BYTES(""));
    leave(predecessor);
}

void server_predecessor_say_failed(struct server_predecessor *predecessor, struct bytes error)
{
    struct buffer line = {0};
    char answer;

    struct bytes mistake;

    while (bytes_next(&error, '\n', &mistake)) {
        if (line.len > 0)
            buffer_append_text(&line, "; ");
        printable_append(&line, mistake);
    }
    if (line.len > FAILED_LEN_MAX)
        line.len = FAILED_LEN_MAX;
    /* The predecessor must receive this before it notices that this process has ended. */
    if (say(predecessor, SERVER_SUCCESSION_FAILED, buffer_bytes(&line)))
        (void)!recv(predecessor->fd, &answer, sizeof answer, 0);
    leave(predecessor);
    buffer_deinit(&line);
}

bool server_predecessor_is_orphan(const struct server_predecessor *predecessor)
{
    const pid_t parent = getppid();

    return parent != predecessor->parent && parent != predecessor->minder;
}
