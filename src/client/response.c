#include "client/response.h"

#include <string.h>

#define BODY_LEN_MAX ((uint64_t)64 * 1024 * 1024)

struct head {
    uint64_t body_len;
    bool has_len;
    bool is_refused;
};

static bool has_no_body(unsigned status)
{
    return status < 200 || status == 204 || status == 304;
}

/* Reads "HTTP/1.1 200 OK"; false if it is no status line. */
static bool read_status(struct bytes line, struct client_response *response)
{
    uint64_t status;

    if (line.len < 12 || !bytes_starts_with(line, BYTES("HTTP/1.")) || line.data[8] != ' ' ||
        !bytes_to_number((struct bytes){line.data + 9, 3}, 999, &status))
        return false;
    response->status = (unsigned)status;
    response->is_last = line.data[7] == '0';
    return true;
}

static void read_header(struct bytes line, struct head *head, struct client_response *response)
{
    const char *colon = memchr(line.data, ':', line.len);
    struct bytes name;
    struct bytes value;

    if (colon == NULL)
        return;
    name = (struct bytes){line.data, (size_t)(colon - line.data)};
    value = bytes_trim(bytes_from(line, name.len + 1));
    if (bytes_equal_ignoring_case(name, BYTES("Content-Length"))) {
        head->has_len = true;
        if (!bytes_to_number(value, BODY_LEN_MAX, &head->body_len))
            head->is_refused = true;
    } else if (bytes_equal_ignoring_case(name, BYTES("Transfer-Encoding"))) {
        head->is_refused = true;
    } else if (bytes_equal_ignoring_case(name, BYTES("Connection"))) {
        response->is_last |= bytes_equal_ignoring_case(value, BYTES("close"));
    } else if (bytes_equal_ignoring_case(name, BYTES("Sec-WebSocket-Accept"))) {
        response->accept = value;
    }
}

static bool read_head(struct bytes text, struct head *head, struct client_response *response)
{
    struct bytes line;
    bool is_first = true;

    while (bytes_next(&text, '\n', &line)) {
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (is_first && !read_status(line, response))
            return false;
        if (!is_first)
            read_header(line, head, response);
        is_first = false;
    }
    return !head->is_refused;
}

ssize_t client_response_parse(struct bytes in, struct client_response *response)
{
    const char *end = memmem(in.data, in.len, "\r\n\r\n", 4);
    struct head head = {0};
    size_t head_len;

    if (end == NULL)
        return in.len > CLIENT_RESPONSE_HEAD_LEN_MAX ? -1 : 0;
    head_len = (size_t)(end - in.data) + 4;
    *response = (struct client_response){0};
    if (!read_head((struct bytes){in.data, head_len - 4}, &head, response))
        return -1;
    response->body = bytes_from(in, head_len);
    if (has_no_body(response->status)) {
        head.body_len = 0;
    } else if (!head.has_len) {
        response->is_until_close = true;
        return (ssize_t)in.len;
    }
    if (response->body.len < head.body_len)
        return 0;
    response->body.len = (size_t)head.body_len;
    return (ssize_t)(head_len + response->body.len);
}
