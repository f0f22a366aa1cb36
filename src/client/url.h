/* The URL of a Pusher server: `ws://HOST:PORT/PREFIX`, also wss, http and https. RFC 3986, as far
 * as a server's address needs it.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

#define CLIENT_URL_LEN_MAX 255

struct client_url {
    bool is_secure;
    char host[CLIENT_URL_LEN_MAX + 1]; /* an IPv6 address without its brackets */
    uint16_t port;
    char path[CLIENT_URL_LEN_MAX + 1]; /* "" or "/prefix", never with a trailing slash */
};

/* The scheme defaults to `ws`, the port to the scheme's. False, and one line in `error`, if `text`
 * is no such URL. */
bool client_url_parse(struct bytes text, struct client_url *url, struct buffer *error);

/* Appends `HOST:PORT`, as a Host header has it. */
void client_url_append_host(struct buffer *out, const struct client_url *url);
