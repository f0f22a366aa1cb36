/* Truth: the parameters of a query, joined again, are the query without empty ones; decoding never
 * makes a text longer; and an escaped text decodes to itself. */

#include "http/query.h"

#include "fuzz.h"

static void check_pairs(struct bytes query)
{
    struct buffer together = {0};
    struct buffer should = {0};
    struct bytes rest = query;
    struct bytes piece;
    struct bytes name;
    struct bytes value;

    while (http_query_next(&rest, &name, &value)) {
        const bool has_sign = value.data > name.data + name.len;

        CHECK(memchr(name.data, '=', name.len) == NULL);
        buffer_append_char(&together, '&');
        buffer_append_bytes(&together, name);
        if (has_sign && value.len > 0)
            buffer_append_char(&together, '=');
        buffer_append_bytes(&together, value);
    }
    rest = query;
    while (bytes_next(&rest, '&', &piece)) {
        const char *sign = piece.len ? memchr(piece.data, '=', piece.len) : NULL;

        if (piece.len == 0)
            continue;
        buffer_append_char(&should, '&');
        /* "a" and "a=" mean the same. */
        if (sign == piece.data + piece.len - 1)
            piece.len--;
        buffer_append_bytes(&should, piece);
    }
    CHECK(bytes_equal(buffer_bytes(&together), buffer_bytes(&should)));
    buffer_deinit(&together);
    buffer_deinit(&should);
}

static void check_escaped(struct bytes text)
{
    struct buffer escaped = {0};
    struct buffer decoded = {0};

    for (size_t i = 0; i < text.len; i++)
        buffer_printf(&escaped, "%%%02x", (uint8_t)text.data[i]);
    http_query_decode(&decoded, buffer_bytes(&escaped), true);
    CHECK(bytes_equal(buffer_bytes(&decoded), text));
    buffer_deinit(&escaped);
    buffer_deinit(&decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct bytes query = fuzz_bytes(data, len);
    struct buffer decoded = {0};

    check_pairs(query);
    http_query_decode(&decoded, query, true);
    CHECK(decoded.len <= len);
    check_escaped(query);
    buffer_deinit(&decoded);
    return 0;
}
