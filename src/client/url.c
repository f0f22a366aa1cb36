#include "client/url.h"

#include <string.h>

#define PORT_PLAIN 80
#define PORT_SECURE 443

static const struct {
    struct bytes name;
    bool is_secure;
} schemes[] = {
    {BYTES("ws://"), false},
    {BYTES("wss://"), true},
    {BYTES("http://"), false},
    {BYTES("https://"), true},
};

static bool reject(struct bytes text, const char *why, struct buffer *error)
{
    buffer_printf(error, "\"%.*s\" is no address of a server: %s; give ws://HOST:PORT",
                  BYTES_ARGS(text), why);
    return false;
}

/* Cuts the scheme off; false if it is not supported. */
static bool cut_scheme(struct bytes *rest, bool *is_secure)
{
    *is_secure = false;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (bytes_starts_with(*rest, schemes[i].name)) {
            *is_secure = schemes[i].is_secure;
            *rest = bytes_from(*rest, schemes[i].name.len);
            return true;
        }
    return memmem(rest->data, rest->len, "://", 3) == NULL;
}

/* `HOST` or `[ADDRESS]`, then nothing or `:PORT`. */
static bool cut_host(struct bytes *rest, struct bytes *host)
{
    const bool is_bracketed = rest->len > 0 && rest->data[0] == '[';
    const char *end =
        is_bracketed ? memchr(rest->data, ']', rest->len) : memchr(rest->data, ':', rest->len);

    if (is_bracketed && end == NULL)
        return false;
    host->data = rest->data + (is_bracketed ? 1 : 0);
    host->len = (size_t)((end ? end : rest->data + rest->len) - host->data);
    *rest = bytes_from(*rest, (size_t)(host->data - rest->data) + host->len + is_bracketed);
    return host->len > 0;
}

static void copy(char *out, struct bytes text)
{
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
}

bool client_url_parse(struct bytes text, struct client_url *url, struct buffer *error)
{
    struct bytes rest = text;
    struct bytes path;
    struct bytes host;
    uint64_t port;
    const char *slash;

    if (text.len == 0 || text.len > CLIENT_URL_LEN_MAX)
        return reject(text, "it is empty or too long", error);
    if (!cut_scheme(&rest, &url->is_secure))
        return reject(text, "its scheme is not ws, wss, http or https", error);
    slash = memchr(rest.data, '/', rest.len);
    path = slash ? bytes_from(rest, (size_t)(slash - rest.data)) : BYTES("");
    rest.len -= path.len;
    while (path.len > 0 && path.data[path.len - 1] == '/')
        path.len--;
    if (!cut_host(&rest, &host))
        return reject(text, "there is no host", error);
    port = url->is_secure ? PORT_SECURE : PORT_PLAIN;
    if (rest.len > 0 && (rest.data[0] != ':' ||
                         !bytes_to_number(bytes_from(rest, 1), UINT16_MAX, &port) || port == 0))
        return reject(text, "its port is none", error);
    url->port = (uint16_t)port;
    copy(url->host, host);
    copy(url->path, path);
    return true;
}

void client_url_append_host(struct buffer *out, const struct client_url *url)
{
    const bool is_address = strchr(url->host, ':') != NULL;

    buffer_printf(out, is_address ? "[%s]:%u" : "%s:%u", url->host, url->port);
}
