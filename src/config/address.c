#include "config/address.h"

#include <string.h>

#define RIGHT                                                             \
    "give HOST:PORT or unix:PATH, such as 127.0.0.1:9100, [::1]:9100 or " \
    "unix:/run/reverb/admin.sock"

static bool copy(char *out, size_t cap, struct bytes text)
{
    if (text.len == 0 || text.len >= cap || memchr(text.data, '\0', text.len) != NULL)
        return false;
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

/* Cuts the host off "HOST:PORT"; the rest begins with the colon. An IPv6 address is in brackets,
 * because it contains colons. */
static bool read_host(struct config_address *address, struct bytes *rest)
{
    const char *end;
    struct bytes host;

    if (rest->data[0] == '[') {
        end = memchr(rest->data, ']', rest->len);
        if (end == NULL)
            return false;
        host = (struct bytes){rest->data + 1, (size_t)(end - rest->data) - 1};
        *rest = bytes_from(*rest, host.len + 2);
    } else {
        end = memchr(rest->data, ':', rest->len);
        if (end == NULL)
            return false;
        host = (struct bytes){rest->data, (size_t)(end - rest->data)};
        *rest = bytes_from(*rest, host.len);
    }
    return copy(address->host, sizeof address->host, host);
}

static bool read_tcp(struct config_address *address, struct bytes rest)
{
    uint64_t port;

    if (rest.len == 0 || !read_host(address, &rest) || rest.len == 0 || rest.data[0] != ':' ||
        !bytes_to_number(bytes_from(rest, 1), UINT16_MAX, &port))
        return false;
    address->port = (uint16_t)port;
    return true;
}

bool config_address_parse(const char *text, struct config_address *address, struct buffer *error)
{
    struct bytes rest = bytes_of(text);
    bool is_right;

    *address = (struct config_address){.text = text};
    address->is_unix = bytes_starts_with(rest, BYTES("unix:"));
    is_right = address->is_unix
                   ? copy(address->path, sizeof address->path, bytes_from(rest, strlen("unix:")))
                   : read_tcp(address, rest);
    if (!is_right)
        buffer_printf(error, "\"%s\" is no address to listen on: " RIGHT, text);
    return is_right;
}

bool config_address_is_loopback(const struct config_address *address)
{
    const struct bytes host = bytes_of(address->host);

    return address->is_unix || bytes_equal(host, BYTES("localhost")) ||
           bytes_equal(host, BYTES("::1")) || bytes_starts_with(host, BYTES("127."));
}
