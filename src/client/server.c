#include "client/server.h"

#include <netdb.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static bool resolve(struct client_server *server, struct buffer *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char port[8];
    int status;

    snprintf(port, sizeof port, "%u", server->url.port);
    status = getaddrinfo(server->url.host, port, &hints, &found);
    if (status != 0) {
        buffer_printf(error, "host \"%s\": %s", server->url.host, gai_strerror(status));
        return false;
    }
    memcpy(&server->address, found->ai_addr, found->ai_addrlen);
    server->address_len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static bool open_tls(struct client_server *server, bool is_trusting, struct buffer *error)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context == NULL || SSL_CTX_set_default_verify_paths(context) != 1) {
        SSL_CTX_free(context);
        buffer_append_text(error, "TLS cannot be used here");
        return false;
    }
    SSL_CTX_set_verify(context, is_trusting ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    server->tls = context;
    return true;
}

bool client_server_open(struct client_server *server, const struct client_url *url,
                        const struct config_app *app, bool is_trusting, struct buffer *error)
{
    *server = (struct client_server){.url = *url, .app = app};
    return resolve(server, error) && (!url->is_secure || open_tls(server, is_trusting, error));
}

bool client_server_use_socket(struct client_server *server, const char *path, struct buffer *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t len = strlen(path);

    if (len >= sizeof address.sun_path) {
        buffer_printf(error, "\"%s\" is too long for a Unix socket", path);
        return false;
    }
    memcpy(address.sun_path, path, len);
    memcpy(&server->address, &address, sizeof address);
    server->address_len = sizeof address;
    server->socket = path;
    return true;
}

void client_server_close(struct client_server *server)
{
    SSL_CTX_free(server->tls);
    server->tls = NULL;
}
