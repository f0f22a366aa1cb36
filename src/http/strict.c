#include "http/strict.h"

#include <string.h>

/* More digits are more than any body may have. */
#define CHUNK_SIZE_DIGITS_MAX 8

/* Cuts a line off `rest`, without its CR LF; false where none ends so, or a CR or LF stands in it.
 */
static bool next_line(struct bytes *rest, struct bytes *line)
{
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    size_t len;

    if (end == NULL || end == rest->data || end[-1] != '\r')
        return false;
    len = (size_t)(end - rest->data) - 1;
    *line = (struct bytes){rest->data, len};
    *rest = bytes_from(*rest, len + 2);
    return len == 0 || memchr(line->data, '\r', len) == NULL;
}

/* RFC 9110 section 5.6.2: a bit for each byte that may stand in a token, letters, digits and
 * !#$%&'*+-.^_`|~ */
static const uint64_t token_bytes[2] = {UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe)};

static bool is_token(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];

        if (c >= 0x80 || !(token_bytes[c / 64] >> c % 64 & 1))
            return false;
    }
    return text.len > 0;
}

static bool is_request_line(struct bytes line)
{
    struct bytes rest = line;
    struct bytes method;
    struct bytes target;

    return bytes_next(&rest, ' ', &method) && is_token(method) && bytes_next(&rest, ' ', &target) &&
           target.len > 0 && bytes_starts_with(rest, BYTES("HTTP/")) &&
           memchr(rest.data, ' ', rest.len) == NULL;
}

static bool is_field_line(struct bytes line, struct bytes *name)
{
    struct bytes rest = line;

    return bytes_next(&rest, ':', name) && rest.data != NULL && is_token(*name) &&
           (rest.len == 0 || memchr(rest.data, '\0', rest.len) == NULL);
}

/* Headers or trailers up to the empty line, with nothing behind it. Of two encodings some read the
 * first and some the last. */
static bool are_field_lines(struct bytes rest)
{
    bool has_encoding = false;
    struct bytes line;
    struct bytes name;

    while (next_line(&rest, &line)) {
        if (line.len == 0)
            return rest.len == 0;
        if (!is_field_line(line, &name))
            return false;
        if (!bytes_equal_ignoring_case(name, BYTES("Transfer-Encoding")))
            continue;
        if (has_encoding)
            return false;
        has_encoding = true;
    }
    return false;
}

/* Empty lines before a request are passed over. */
static struct bytes without_empty_lines(struct bytes request)
{
    while (bytes_starts_with(request, BYTES("\r\n")))
        request = bytes_from(request, 2);
    return request;
}

size_t http_strict_head_len(struct bytes request)
{
    const struct bytes text = without_empty_lines(request);
    const char *end = text.len ? memmem(text.data, text.len, "\r\n\r\n", 4) : NULL;

    return end ? (size_t)(end - request.data) + 4 : 0;
}

bool http_strict_is_head(struct bytes head)
{
    struct bytes rest = without_empty_lines(head);
    struct bytes line;

    return next_line(&rest, &line) && is_request_line(line) && are_field_lines(rest);
}

/* "1a;name=value": what stands behind the semicolon means nothing here. */
static bool read_chunk_size(struct bytes line, size_t *size)
{
    size_t digits_count = 0;

    *size = 0;
    while (digits_count < line.len && bytes_hex_digit(line.data[digits_count]) >= 0) {
        if (digits_count == CHUNK_SIZE_DIGITS_MAX)
            return false;
        *size = *size * 16 + (size_t)bytes_hex_digit(line.data[digits_count++]);
    }
    line = bytes_trim(bytes_from(line, digits_count));
    return digits_count > 0 && (line.len == 0 || line.data[0] == ';');
}

bool http_strict_is_chunked(struct bytes body)
{
    struct bytes line;
    size_t size;

    while (next_line(&body, &line) && read_chunk_size(line, &size)) {
        if (size == 0)
            return are_field_lines(body);
        if (body.len < size + 2 || memcmp(body.data + size, "\r\n", 2) != 0)
            return false;
        body = bytes_from(body, size + 2);
    }
    return false;
}
