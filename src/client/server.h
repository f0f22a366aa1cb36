/* The Pusher server that a client connects to: its address, resolved once, and one of its apps.
 *
 * Thread: main opens and closes it; in between it does not change, and any thread may connect.
 */
#pragma once

#include "client/url.h"
#include "config/config.h"

#include <sys/socket.h>

struct client_server {
    struct client_url url;
    const char *origin;           /* borrowed: that the client claims; NULL: none */
    const struct config_app *app; /* borrowed: id, key and secret are used */
    struct sockaddr_storage address;
    socklen_t address_len;
    const char *socket; /* borrowed: the Unix socket at `address`; NULL: it is none */
    bool sends_header;  /* of the PROXY protocol, naming nobody; false unless it is set */
    void *tls;          /* OpenSSL's context; NULL without TLS */
};

/* `is_trusting`: every certificate is accepted. False, and one line in `error`, if the host cannot
 * be resolved or OpenSSL fails. */
bool client_server_open(struct client_server *server, const struct client_url *url,
                        const struct config_app *app, bool is_trusting, struct buffer *error);

/* From now on connections go to the Unix socket at `path`, whatever the URL's host is. False, and
 * one line in `error`, if the path is too long. */
bool client_server_use_socket(struct client_server *server, const char *path, struct buffer *error);
void client_server_close(struct client_server *server);
