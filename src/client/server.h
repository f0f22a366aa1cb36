/* The Pusher server that a client speaks to: its address, resolved once, and an app of it.
 *
 * Thread: main opens and closes; fixed between, and then any thread may connect.
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
    void *tls; /* OpenSSL's context; NULL where the URL is not a secure one */
};

/* With `is_trusting` any certificate will do. False, and one line in `error`, where the host is not
 * known or OpenSSL refuses. */
bool client_server_open(struct client_server *server, const struct client_url *url,
                        const struct config_app *app, bool is_trusting, struct buffer *error);
void client_server_close(struct client_server *server);
