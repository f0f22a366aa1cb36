#include "pusher/origin.h"

#include "config/origin_pattern.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define PORT_MAX 65535

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of the scheme and its "://"; 0 if there is none. */
static size_t scheme_len(struct bytes origin)
{
    size_t len = 0;

    if (origin.len == 0 || !is_letter(origin.data[0]))
        return 0;
    while (len < origin.len &&
           (is_letter(origin.data[len]) || isdigit((unsigned char)origin.data[len]) ||
            origin.data[len] == '+' || origin.data[len] == '-' || origin.data[len] == '.'))
        len++;
    return bytes_starts_with(bytes_from(origin, len), BYTES("://")) ? len + 3 : 0;
}

/* The length of an address like "[::1]" at the beginning of `text`; 0 if there is none. */
static size_t ipv6_len(struct bytes text)
{
    const char *end = memchr(text.data, ']', text.len);
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    size_t len;

    if (end == NULL)
        return 0;
    len = (size_t)(end - text.data) - 1;
    if (len >= sizeof address || memchr(text.data + 1, '\0', len) != NULL)
        return 0;
    memcpy(address, text.data + 1, len);
    address[len] = '\0';
    return inet_pton(AF_INET6, address, &parsed) == 1 ? len + 2 : 0;
}

/* The length of the name at the beginning of `text`. */
static size_t name_len(struct bytes text)
{
    size_t len = 0;

    while (len < text.len) {
        if (config_origin_pattern_is_host_char(text.data[len]))
            len++;
        else if (text.data[len] == '%' && text.len - len >= 3 &&
                 bytes_hex_digit(text.data[len + 1]) >= 0 &&
                 bytes_hex_digit(text.data[len + 2]) >= 0)
            len += 3;
        else
            break;
    }
    return len;
}

static bool is_port_or_nothing(struct bytes text)
{
    uint64_t port;

    return text.len == 0 ||
           (text.data[0] == ':' && bytes_to_number(bytes_from(text, 1), PORT_MAX, &port));
}

struct bytes pusher_origin_host(struct bytes origin)
{
    const size_t before = scheme_len(origin);
    const struct bytes rest = bytes_from(origin, before);
    size_t len;

    if (before == 0 || rest.len == 0)
        return BYTES_NONE;
    len = rest.data[0] == '[' ? ipv6_len(rest) : name_len(rest);
    if (len == 0 || !is_port_or_nothing(bytes_from(rest, len)))
        return BYTES_NONE;
    return (struct bytes){rest.data, len};
}

static bool is_same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Backtracks to the last star if what follows it does not match: linear in practice, and at most
 * the product of both lengths. */
static bool matches(struct bytes pattern, struct bytes text)
{
    size_t at_pattern = 0;
    size_t at_text = 0;
    size_t after_star = 0;
    size_t star_text = 0;

    while (at_text < text.len) {
        if (at_pattern < pattern.len && pattern.data[at_pattern] == '*') {
            after_star = ++at_pattern;
            star_text = at_text;
        } else if (at_pattern < pattern.len &&
                   is_same_letter(pattern.data[at_pattern], text.data[at_text])) {
            at_pattern++;
            at_text++;
        } else if (after_star > 0) {
            at_pattern = after_star;
            at_text = ++star_text;
        } else {
            return false;
        }
    }
    while (at_pattern < pattern.len && pattern.data[at_pattern] == '*')
        at_pattern++;
    return at_pattern == pattern.len;
}

static bool is_allowed(struct bytes pattern, struct bytes origin, struct bytes host)
{
    if (bytes_equal(pattern, BYTES("*")))
        return true;
    if (bytes_equal(origin, BYTES("null")))
        return bytes_equal(pattern, origin);
    return host.data != NULL && matches(pattern, host);
}

bool pusher_origin_is_allowed(const struct config_app *app, struct bytes origin)
{
    const struct bytes host = pusher_origin_host(origin);

    for (size_t i = 0; i < app->allowed_origins_count; i++)
        if (is_allowed(bytes_of(app->allowed_origins[i]), origin, host))
            return true;
    return false;
}
