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

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

void http_query_decode(struct buffer *out, struct bytes text, bool plus_is_space)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '%' && text.len - i > 2) {
            int high = hex_digit(text.data[i + 1]);
            int low = hex_digit(text.data[i + 2]);

            if (high >= 0 && low >= 0) {
                c = (char)(high * 16 + low);
                i += 2;
            }
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        buffer_append_char(out, c);
    }
}

struct bytes http_query_value(struct bytes query, struct bytes name, struct buffer *scratch)
{
    struct bytes rest = query;
    struct bytes sent_name;
    struct bytes value;
    bool is_found = false;

    while (http_query_next(&rest, &sent_name, &value)) {
        if (!bytes_equal(sent_name, name))
            continue;
        buffer_clear(scratch);
        http_query_decode(scratch, value, true);
        is_found = true;
    }
    return is_found ? buffer_bytes(scratch) : BYTES_NONE;
}
