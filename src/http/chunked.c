#include "http/chunked.h"

/* A size with more digits exceeds every limit. */
#define SIZE_DIGITS_MAX 8

void http_chunked_init(struct http_chunked *chunked, size_t from)
{
    *chunked = (struct http_chunked){.at = from, .searched = from};
}

static int refuse(struct http_chunked *chunked, unsigned status, const char *fault)
{
    chunked->fault = fault;
    return -(int)status;
}

/* Each step returns 1 when it is done, 0 if more must come first, or the negated status. */

/* Returns the offset at which the digits at `at` end. One digit too many is read, too, so that the
 * caller notices it. */
static size_t read_size(struct bytes text, size_t at, size_t *size)
{
    const size_t from = at;

    *size = 0;
    while (at < text.len && at - from <= SIZE_DIGITS_MAX && bytes_hex_digit(text.data[at]) >= 0)
        *size = *size * 16 + (size_t)bytes_hex_digit(text.data[at++]);
    return at;
}

static size_t skip_blanks(struct bytes line, size_t at)
{
    while (at < line.len && (line.data[at] == ' ' || line.data[at] == '\t'))
        at++;
    return at;
}

/* Returns where the quoted string at `at` ends; `at` if its closing quote is missing. RFC 9110
 * section 5.6.4; the tab is the only control character left at this point. */
static size_t quoted_end(struct bytes line, size_t at)
{
    for (size_t end = at + 1; end < line.len; end++) {
        if (line.data[end] == '"')
            return end + 1;
        if (line.data[end] == '\\')
            end++;
    }
    return at;
}

static size_t value_end(struct bytes line, size_t at)
{
    return at < line.len && line.data[at] == '"' ? quoted_end(line, at)
                                                 : http_line_token_end(line, at);
}

/* Whether the rest of the line is any number of `;name`, `;name=token` or `;name="text"`; blanks
 * are allowed around `;` and `=`. */
static bool are_extensions(struct bytes line, size_t at)
{
    while (at < line.len) {
        size_t from = skip_blanks(line, at);

        if (from == line.len || line.data[from] != ';')
            return false;
        from = skip_blanks(line, from + 1);
        at = http_line_token_end(line, from);
        if (at == from)
            return false;
        from = skip_blanks(line, at);
        if (from == line.len || line.data[from] != '=')
            continue;
        from = skip_blanks(line, from + 1);
        at = value_end(line, from);
        if (at == from)
            return false;
    }
    return true;
}

static int parse_size(struct http_chunked *chunked, struct bytes text, size_t len_max)
{
    size_t size;
    const size_t digits_end = read_size(text, chunked->at, &size);
    const size_t digits_count = digits_end - chunked->at;
    ssize_t end;

    if (digits_count > SIZE_DIGITS_MAX || (digits_count == 0 && digits_end < text.len))
        return refuse(chunked, 400,
                      "Bad request: a chunk must begin with its size, 1 to 8 hex digits.");
    if (chunked->searched < digits_end)
        chunked->searched = digits_end;
    end = http_line_end(text, &chunked->searched, &chunked->fault);
    if (end <= 0)
        return (int)end;
    if (!are_extensions((struct bytes){text.data, (size_t)end - 2}, digits_end))
        return refuse(
            chunked, 400,
            "Bad request: behind the size of a chunk must stand CR LF, or a semicolon and "
            "a name, with or without a value: 5;a=b");
    if ((size_t)end > len_max || size > len_max - (size_t)end)
        return refuse(chunked, 413, "Payload too large.");
    chunked->at = (size_t)end;
    chunked->left = size;
    chunked->step = size > 0 ? HTTP_CHUNKED_DATA : HTTP_CHUNKED_TRAILERS;
    return 1;
}

static int copy_data(struct http_chunked *chunked, struct bytes text, struct buffer *body)
{
    const size_t there = text.len - chunked->at;
    const size_t len = there < chunked->left ? there : chunked->left;

    buffer_append(body, text.data + chunked->at, len);
    chunked->at += len;
    chunked->left -= len;
    if (chunked->left > 0)
        return 0;
    chunked->step = HTTP_CHUNKED_DATA_END;
    return 1;
}

static int pass_data_end(struct http_chunked *chunked, struct bytes text)
{
    ssize_t end;

    if (chunked->at < text.len && text.data[chunked->at] != '\r')
        return refuse(chunked, 400,
                      "Bad request: a chunk must be as long as its size says, and end in CR LF.");
    end = http_line_end_at(text, chunked->at, &chunked->fault);
    if (end <= 0)
        return (int)end;
    chunked->at = (size_t)end;
    chunked->searched = (size_t)end;
    chunked->step = HTTP_CHUNKED_SIZE;
    return 1;
}

/* A trailer that changes how the request is read: another program might apply it. */
static bool is_framing(struct bytes name)
{
    return bytes_equal_ignoring_case(name, BYTES("Content-Length")) ||
           bytes_equal_ignoring_case(name, BYTES("Transfer-Encoding"));
}

static ssize_t pass_trailers(struct http_chunked *chunked, struct bytes text)
{
    for (;;) {
        struct http_line_field field;
        const ssize_t end =
            http_line_field_parse(&chunked->scan, text, chunked->at, &field, &chunked->fault);

        if (end <= 0 || field.name_len == 0)
            return end;
        if (is_framing(http_line_field_name(&field, text.data)))
            return refuse(chunked, 400,
                          "Bad request: Content-Length and Transfer-Encoding are no trailers.");
        chunked->at = (size_t)end;
    }
}

ssize_t http_chunked_parse(struct http_chunked *chunked, struct bytes text, size_t len_max,
                           struct buffer *body)
{
    int is_done = 1;

    while (is_done > 0) {
        switch (chunked->step) {
        case HTTP_CHUNKED_SIZE:
            is_done = parse_size(chunked, text, len_max);
            break;
        case HTTP_CHUNKED_DATA:
            is_done = copy_data(chunked, text, body);
            break;
        case HTTP_CHUNKED_DATA_END:
            is_done = pass_data_end(chunked, text);
            break;
        case HTTP_CHUNKED_TRAILERS:
            return pass_trailers(chunked, text);
        }
    }
    return is_done;
}
