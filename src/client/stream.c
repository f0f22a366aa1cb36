#include "client/stream.h"

#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* It fits into any socket's buffer. */
#define PROXY_HEADER BYTES("PROXY UNKNOWN\r\n")

static bool fail(struct client_stream *stream, const struct client_server *server, const char *why,
                 struct buffer *error)
{
    struct buffer host = {0};

    if (server->socket != NULL)
        buffer_printf(&host, "unix:%s", server->socket);
    else
        client_url_append_host(&host, &server->url);
    buffer_printf(error, "no connection to %s: %s", buffer_text(&host), why);
    buffer_deinit(&host);
    client_stream_close(stream);
    return false;
}

static bool open_plain(struct client_stream *stream, const struct client_server *server)
{
    const struct timeval wait = {.tv_sec = CLIENT_STREAM_WAIT_S};
    const int on = 1;

    stream->fd = platform_socket(server->address.ss_family);
    return stream->fd >= 0 &&
           (server->socket != NULL ||
            setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0) &&
           setsockopt(stream->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
           setsockopt(stream->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0 &&
           connect(stream->fd, (const struct sockaddr *)&server->address, server->address_len) ==
               0 &&
           (!server->sends_header || platform_send(stream->fd, PROXY_HEADER) > 0);
}

/* An IP address must not be sent as server name (RFC 6066), and is in another field of the
 * certificate. */
static bool expect_host(SSL *tls, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) == 1)
        return true;
    ERR_clear_error();
    return SSL_set_tlsext_host_name(tls, host) == 1 && SSL_set1_host(tls, host) == 1;
}

static bool open_tls(struct client_stream *stream, const struct client_server *server)
{
    SSL *tls = SSL_new(server->tls);

    stream->tls = tls;
    return tls != NULL && expect_host(tls, server->url.host) && SSL_set_fd(tls, stream->fd) == 1 &&
           SSL_connect(tls) == 1;
}

/* What is wrong with the certificate says more than that it is wrong. */
static const char *tls_reason(const struct client_stream *stream)
{
    const long verified = stream->tls != NULL ? SSL_get_verify_result(stream->tls) : X509_V_OK;
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    if (verified != X509_V_OK)
        return X509_verify_cert_error_string(verified);
    return reason != NULL ? reason : "the TLS handshake failed";
}

bool client_stream_open(struct client_stream *stream, const struct client_server *server,
                        struct buffer *error)
{
    *stream = (struct client_stream){.fd = -1};
    if (!open_plain(stream, server))
        return fail(stream, server, errno == EINPROGRESS ? "it does not answer" : strerror(errno),
                    error);
    if (server->tls == NULL || open_tls(stream, server))
        return true;
    return fail(stream, server, tls_reason(stream), error);
}

void client_stream_stop_waiting(struct client_stream *stream)
{
    const int flags = fcntl(stream->fd, F_GETFL);

    if (flags >= 0)
        (void)fcntl(stream->fd, F_SETFL, flags | O_NONBLOCK);
}

/* Sets errno as the system calls do. */
static ssize_t tls_result(SSL *tls, int status)
{
    const int why = SSL_get_error(tls, status);

    ERR_clear_error();
    if (why == SSL_ERROR_ZERO_RETURN)
        return 0;
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

ssize_t client_stream_read(struct client_stream *stream, char *out, size_t len)
{
    ssize_t got;

    if (stream->tls != NULL) {
        const int status = SSL_read(stream->tls, out, len > INT32_MAX ? INT32_MAX : (int)len);

        return status > 0 ? status : tls_result(stream->tls, status);
    }
    do
        got = recv(stream->fd, out, len, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

static ssize_t write_some(struct client_stream *stream, struct bytes data)
{
    if (stream->tls != NULL) {
        const int len = data.len > INT32_MAX ? INT32_MAX : (int)data.len;
        const int status = SSL_write(stream->tls, data.data, len);

        return status > 0 ? status : tls_result(stream->tls, status);
    }
    return platform_send(stream->fd, data);
}

static bool wait_until_writable(const struct client_stream *stream)
{
    struct pollfd it = {.fd = stream->fd, .events = POLLOUT};

    return poll(&it, 1, CLIENT_STREAM_WAIT_S * 1000) > 0;
}

bool client_stream_write(struct client_stream *stream, struct bytes data)
{
    while (data.len > 0) {
        const ssize_t sent = write_some(stream, data);

        if (sent > 0)
            data = bytes_from(data, (size_t)sent);
        else if (sent == 0 || (errno != EAGAIN && errno != EINTR))
            return false;
        else if (errno == EAGAIN && !wait_until_writable(stream))
            return false;
    }
    return true;
}

void client_stream_close(struct client_stream *stream)
{
    SSL_free(stream->tls);
    stream->tls = NULL;
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}
