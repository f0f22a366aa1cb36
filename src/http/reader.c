#include "http/reader.h"

#include <string.h>

void http_reader_begin(struct http_reader *reader)
{
    http_head_init(&reader->head);
    reader->head_len = 0;
    buffer_clear(&reader->body);
}

void http_reader_deinit(struct http_reader *reader)
{
    buffer_deinit(&reader->body);
}

static ssize_t read_head(struct http_reader *reader, struct bytes text, size_t len_max)
{
    const ssize_t len = http_head_parse(&reader->head, text);

    if (len <= 0)
        return len;
    reader->head_len = (size_t)len;
    http_chunked_init(&reader->chunked, reader->head_len);
    /* Refused before the body comes. */
    if (reader->head_len > len_max || reader->head.content_length > len_max - reader->head_len)
        return -413;
    return len;
}

static ssize_t read_on(struct http_reader *reader, struct bytes text, size_t len_max)
{
    if (reader->head_len == 0) {
        const ssize_t len = read_head(reader, text, len_max);

        if (len <= 0)
            return len;
    }
    if (reader->head.is_chunked)
        return http_chunked_parse(&reader->chunked, text, len_max, &reader->body);
    if (reader->head.content_length > text.len - reader->head_len)
        return 0;
    return (ssize_t)(reader->head_len + reader->head.content_length);
}

ssize_t http_reader_read(struct http_reader *reader, struct bytes text, size_t len_max)
{
    const ssize_t len = read_on(reader, text, len_max);
    const bool is_too_large = len == -413 || len > (ssize_t)len_max ||
                              /* Too many headers, and too large, too: 413 takes precedence. */
                              ((len == 0 || len == -431) && text.len > len_max);

    if (!is_too_large)
        return len;
    reader->head.fault = "Payload too large.";
    return -413;
}

const char *http_reader_fault(const struct http_reader *reader)
{
    return reader->head.fault ? reader->head.fault : reader->chunked.fault;
}

void http_reader_fill(const struct http_reader *reader, const char *text,
                      struct http_request *request)
{
    http_head_fill(&reader->head, text, request);
    request->body = http_reader_body(reader, text);
}

struct bytes http_reader_body(const struct http_reader *reader, const char *text)
{
    if (reader->body.len > 0)
        return buffer_bytes(&reader->body);
    return (struct bytes){text + reader->head_len, reader->head.content_length};
}
