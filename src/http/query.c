#include "http/query.h"

#include <string.h>

bool http_query_next(struct bytes *rest, struct bytes *name, struct bytes *value)
{
    struct bytes pair;

    do
        if (!bytes_next(rest, '&', &pair))
            return false;
    while (pair.len == 0);
    *value = pair;
    bytes_next(value, '=', name);
    if (value->data == NULL)
        *value = BYTES("");
    return true;
}

/* The byte an escape stands for; -1 if there is none at `at`. */
static int escaped_byte(struct bytes text, size_t at)
{
    int high;
    int low;

    if (text.len - at < 3)
        return -1;
    high = bytes_hex_digit(text.data[at + 1]);
    low = bytes_hex_digit(text.data[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* The usual case: nothing to decode. */
static bool is_plain(struct bytes text, bool plus_is_space)
{
    return text.len == 0 || (memchr(text.data, '%', text.len) == NULL &&
                             (!plus_is_space || memchr(text.data, '+', text.len) == NULL));
}

void http_query_decode(struct buffer *out, struct bytes text, bool plus_is_space)
{
    char *decoded;

    if (is_plain(text, plus_is_space)) {
        buffer_append_bytes(out, text);
        return;
    }
    decoded = buffer_reserve(out, text.len);
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.data[i];
        const int byte = c == '%' ? escaped_byte(text, i) : -1;

        if (byte >= 0) {
            *decoded++ = (char)byte;
            i += 2;
        } else {
            *decoded++ = c == '+' && plus_is_space ? ' ' : c;
        }
    }
    out->len = (size_t)(decoded - out->data);
}
