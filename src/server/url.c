#include "server/url.h"

#include "net/unix_socket.h"

#include <string.h>

#define HTTP_PORT 80
#define HTTPS_PORT 443

struct place {
    bool is_secure;
    struct bytes host; /* without brackets */
    uint16_t port;
};

static const char *last_colon(struct bytes text)
{
    for (size_t i = text.len; i > 0; i--)
        if (text.data[i - 1] == ':')
            return text.data + i - 1;
    return NULL;
}

/* REVERB_HOST is a host or, often, a whole URL. */
static void read_host(struct place *place, struct bytes text)
{
    const char *scheme_end = text.len > 0 ? strstr(text.data, "://") : NULL; /* all end with NUL */
    const char *colon;
    uint64_t port;

    if (scheme_end != NULL) {
        const struct bytes scheme = {text.data, (size_t)(scheme_end - text.data)};

        place->is_secure = bytes_equal(scheme, BYTES("https")) || bytes_equal(scheme, BYTES("wss"));
        place->port = place->is_secure ? HTTPS_PORT : HTTP_PORT;
        text = bytes_from(text, scheme.len + 3);
    }
    bytes_next(&text, '/', &place->host);
    if (place->host.len == 0)
        return;
    colon = last_colon(place->host);
    if (colon != NULL && memchr(place->host.data, ':', place->host.len) != colon &&
        place->host.data[0] != '[')
        return; /* an IPv6 address */
    if (colon != NULL &&
        bytes_to_number(bytes_from(place->host, (size_t)(colon - place->host.data) + 1), UINT16_MAX,
                        &port)) {
        place->host.len = (size_t)(colon - place->host.data);
        place->port = (uint16_t)port;
    }
    if (place->host.len > 2 && place->host.data[0] == '[') {
        place->host.data++;
        place->host.len -= 2;
    }
}

/* An address that a browser on this machine can open. */
static struct bytes reachable_host(const struct config *config)
{
    if (config->hostname != NULL)
        return bytes_of(config->hostname);
    if (strcmp(config->host, "0.0.0.0") == 0 || strcmp(config->host, "::") == 0 ||
        net_unix_socket_is_one(config->host))
        return BYTES("localhost");
    return bytes_of(config->host);
}

void server_url_append(struct buffer *out, const char *protocol, const struct config *config,
                       const struct config_app *app, uint16_t port)
{
    struct place place = {.is_secure = config->tls.enabled, .port = port};
    bool is_ipv6;

    if (app->public_scheme != NULL) {
        place.is_secure = strcmp(app->public_scheme, "https") == 0;
    } else if (app->public_is_secure && !place.is_secure) { /* as Pusher's SDKs understand it */
        place.is_secure = true;
        place.port = HTTPS_PORT;
    }
    read_host(&place,
              app->public_host != NULL ? bytes_of(app->public_host) : reachable_host(config));
    if (app->public_port != 0)
        place.port = app->public_port;
    is_ipv6 = place.host.len > 0 && memchr(place.host.data, ':', place.host.len) != NULL;
    buffer_printf(out, "%s%s://%s%.*s%s", protocol, place.is_secure ? "s" : "", is_ipv6 ? "[" : "",
                  BYTES_ARGS(place.host), is_ipv6 ? "]" : "");
    if (place.port != (place.is_secure ? HTTPS_PORT : HTTP_PORT))
        buffer_printf(out, ":%u", place.port);
}

void server_url_append_escaped(struct buffer *out, struct bytes text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (size_t i = 0; i < text.len; i++) {
        if (strchr(plain, text.data[i]) != NULL && text.data[i] != '\0')
            buffer_append_char(out, text.data[i]);
        else
            buffer_printf(out, "%%%02X", (unsigned char)text.data[i]);
    }
}
