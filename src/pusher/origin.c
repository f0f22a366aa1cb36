#include "pusher/origin.h"

#include <ctype.h>
#include <string.h>

/* "https://app.example.com:8443" → "app.example.com"; brackets of an IPv6 address stay. */
static struct bytes host_of(struct bytes origin)
{
    const char *scheme_end = memmem(origin.data, origin.len, "://", 3);
    struct bytes host = origin;
    size_t len = 0;

    if (scheme_end != NULL)
        host = bytes_from(origin, (size_t)(scheme_end - origin.data) + 3);
    if (host.len > 0 && host.data[0] == '[')
        while (len < host.len && host.data[len] != ']')
            len++;
    while (len < host.len && host.data[len] != ':' && host.data[len] != '/')
        len++;
    return (struct bytes){host.data, len};
}

static bool is_same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Goes back to the last star when what follows it does not fit: linear in practice, and never more
 * than the product of both lengths. */
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

bool pusher_origin_is_allowed(const struct config_app *app, struct bytes origin)
{
    for (size_t i = 0; i < app->allowed_origins_count; i++) {
        const struct bytes pattern = bytes_of(app->allowed_origins[i]);

        if (bytes_equal(pattern, BYTES("*")))
            return true;
        if (origin.data != NULL && matches(pattern, host_of(origin)))
            return true;
    }
    return false;
}
