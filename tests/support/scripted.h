/* A server that answers by a script, in a thread of its own: one answer for each connection, which
 * it closes then. After the last one nobody listens any more. */
#pragma once

#include "base/check.h"
#include "support/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SCRIPTED_ANSWERS_MAX 8

struct scripted {
    int fd;
    uint16_t port;
    char path[108]; /* "": on loopback */
    bool is_http;
    const char *answers[SCRIPTED_ANSWERS_MAX];
    struct buffer heard; /* all that came, in the order of the connections */
    pthread_t thread;
};

/* A line, or a request with its body. */
static inline bool scripted_is_whole(const struct scripted *scripted, const char *text)
{
    const char *end = strstr(text, scripted->is_http ? "\r\n\r\n" : "\n");
    const char *len = strcasestr(text, "content-length:");

    if (end == NULL || !scripted->is_http)
        return end != NULL;
    return len == NULL || strlen(end + 4) >= strtoul(len + 15, NULL, 10);
}

static inline void scripted_hear(struct scripted *scripted, int fd)
{
    const size_t from = scripted->heard.len;
    ssize_t len;

    do {
        len = read(fd, buffer_reserve(&scripted->heard, 4096), 4096);
        scripted->heard.len += len > 0 ? (size_t)len : 0;
    } while (len > 0 && !scripted_is_whole(scripted, buffer_text(&scripted->heard) + from));
}

static inline void *scripted_run(void *user)
{
    struct scripted *scripted = user;
    char rest[64];

    for (size_t i = 0; scripted->answers[i] != NULL; i++) {
        const char *answer = scripted->answers[i];
        const bool is_last = scripted->answers[i + 1] == NULL;
        const int fd = accept(scripted->fd, NULL, NULL);

        CHECK(fd >= 0);
        scripted_hear(scripted, fd);
        if (is_last && scripted->path[0] != '\0')
            unlink(scripted->path);
        if (is_last)
            close(scripted->fd);
        CHECK(send(fd, answer, strlen(answer), MSG_NOSIGNAL) == (ssize_t)strlen(answer));
        shutdown(fd, SHUT_WR);
        while (read(fd, rest, sizeof rest) > 0) /* until the client goes, too */
            continue;
        close(fd);
    }
    return NULL;
}

static inline void scripted_start(struct scripted *scripted)
{
    CHECK(listen(scripted->fd, 8) == 0);
    CHECK(pthread_create(&scripted->thread, NULL, scripted_run, scripted) == 0);
}

/* At that path, by lines. */
static inline void scripted_open_unix(struct scripted *scripted, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(scripted->path, sizeof scripted->path, "%s", path);
    memcpy(address.sun_path, scripted->path, sizeof address.sun_path);
    scripted->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(scripted->fd, (struct sockaddr *)&address, sizeof address) == 0);
    scripted_start(scripted);
}

/* On loopback, by HTTP; `port` says where. */
static inline void scripted_open(struct scripted *scripted)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    scripted->is_http = true;
    scripted->fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(scripted->fd, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(getsockname(scripted->fd, (struct sockaddr *)&address, &len) == 0);
    scripted->port = ntohs(address.sin_port);
    scripted_start(scripted);
}

/* When all has been answered. */
static inline void scripted_close(struct scripted *scripted)
{
    pthread_join(scripted->thread, NULL);
    buffer_deinit(&scripted->heard);
}
