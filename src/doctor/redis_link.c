#include "doctor/redis_link.h"

#include "base/platform.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define WAIT_S 3
#define READ_LEN 16384

static bool connect_unix(struct doctor_redis_link *link, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    link->fd = platform_socket(AF_UNIX);
    return link->fd >= 0 && connect(link->fd, (struct sockaddr *)&address, sizeof address) == 0;
}

static void limit_waiting(int fd)
{
    const struct timeval wait = {.tv_sec = WAIT_S};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

static bool connect_tcp(struct doctor_redis_link *link, const char *host, const char *port,
                        struct buffer *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const int status = getaddrinfo(host, port, &hints, &found);
    bool ok = false;

    if (status != 0) {
        buffer_append_text(error, gai_strerror(status));
        return false;
    }
    link->fd = platform_socket(found->ai_family);
    if (link->fd >= 0) {
        limit_waiting(link->fd);
        ok = connect(link->fd, found->ai_addr, found->ai_addrlen) == 0;
    }
    if (!ok)
        buffer_append_text(error, errno == EINPROGRESS ? "it does not answer" : strerror(errno));
    freeaddrinfo(found);
    return ok;
}

/* Cuts "HOST:PORT", "[ADDRESS]:PORT" or "HOST" into its parts. */
static void split(const char *address, uint16_t port_default, char host[256], char port[8])
{
    const char *colon = strrchr(address, ':');
    const bool is_bracketed = address[0] == '[';
    const bool has_port = colon != NULL && (is_bracketed || strchr(address, ':') == colon) &&
                          colon[1] != '\0' && strchr(colon, ']') == NULL;
    size_t len = has_port ? (size_t)(colon - address) : strlen(address);

    if (is_bracketed && len >= 2) {
        address++;
        len -= 2;
    }
    snprintf(host, 256, "%.*s", (int)len, address);
    if (has_port)
        snprintf(port, 8, "%s", colon + 1);
    else
        snprintf(port, 8, "%u", port_default);
}

static bool start_tls(struct doctor_redis_link *link, const struct config_scaling *scaling,
                      const char *host, struct buffer *error)
{
    bool wants_write;

    link->tls = net_tls_new_client(&scaling->tls, error);
    if (link->tls == NULL)
        return false;
    link->session = net_tls_session_new_client(link->tls, link->fd, host);
    if (link->session != NULL && net_tls_handshake(link->session, &wants_write, error))
        return true;
    if (error->len == 0)
        buffer_printf(error, "timed out after %d s in the TLS handshake; does it speak TLS there?",
                      WAIT_S);
    return false;
}

bool doctor_redis_link_open(struct doctor_redis_link *link, const struct config_scaling *scaling,
                            const char *address, uint16_t port_default, struct buffer *error)
{
    char host[256];
    char port[8];

    *link = (struct doctor_redis_link){.fd = -1, .reader = redisReaderCreate()};
    if (address[0] == '/') {
        if (!connect_unix(link, address)) {
            buffer_append_text(error, strerror(errno));
            return false;
        }
        limit_waiting(link->fd);
        return true;
    }
    split(address, port_default, host, port);
    return connect_tcp(link, host, port, error) &&
           (!scaling->tls.enabled || start_tls(link, scaling, host, error));
}

static bool send_all(struct doctor_redis_link *link, struct bytes data)
{
    while (data.len > 0) {
        const ssize_t sent = link->session != NULL
                                 ? net_tls_write(link->session, data.data, data.len)
                                 : platform_send(link->fd, data);

        if (sent <= 0)
            return false;
        data = bytes_from(data, (size_t)sent);
    }
    return true;
}

static redisReply *receive(struct doctor_redis_link *link)
{
    char in[READ_LEN];
    void *reply = NULL;

    while (redisReaderGetReply(link->reader, &reply) == REDIS_OK && reply == NULL) {
        const ssize_t len = link->session != NULL ? net_tls_read(link->session, in, sizeof in)
                                                  : recv(link->fd, in, sizeof in, 0);

        if (len <= 0) {
            link->failure = len < 0 && errno == EAGAIN
                                ? "it does not answer"
                                : "it closed the connection without an answer";
            return NULL;
        }
        if (redisReaderFeed(link->reader, in, (size_t)len) != REDIS_OK)
            break;
    }
    if (reply == NULL)
        link->failure = "what it answers is not the Redis protocol";
    return reply;
}

redisReply *doctor_redis_link_ask(struct doctor_redis_link *link, const char *word, ...)
{
    struct buffer words = {0};
    struct buffer command = {0};
    unsigned count = 0;
    va_list args;
    bool is_sent;

    va_start(args, word);
    for (; word != NULL; word = va_arg(args, const char *), count++)
        buffer_printf(&words, "$%zu\r\n%s\r\n", strlen(word), word);
    va_end(args);
    buffer_printf(&command, "*%u\r\n%s", count, buffer_text(&words));
    is_sent = send_all(link, buffer_bytes(&command));
    if (!is_sent)
        link->failure = "it closed the connection without an answer";
    buffer_deinit(&words);
    buffer_deinit(&command);
    return is_sent ? receive(link) : NULL;
}

void doctor_redis_link_close(struct doctor_redis_link *link)
{
    net_tls_session_free(link->session);
    net_tls_free(link->tls);
    redisReaderFree(link->reader);
    if (link->fd >= 0)
        close(link->fd);
    *link = (struct doctor_redis_link){.fd = -1};
}
