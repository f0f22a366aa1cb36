#include "http/response.h"

const char *http_response_reason(unsigned status)
{
    switch (status) {
    case 101:
        return "Switching Protocols";
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 422:
        return "Unprocessable Content";
    case 426:
        return "Upgrade Required";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Internal Server Error";
    }
}

static size_t body_len(const struct http_response *response)
{
    size_t len = response->body.len;

    for (size_t i = 0; i < response->pieces_count; i++)
        len += response->pieces[i]->len;
    return len;
}

void http_response_write(struct buffer *out, const struct http_response *response,
                         struct bytes date_line, uint8_t version_minor, bool keeps_alive)
{
    buffer_append_text(out, "HTTP/1.1 ");
    buffer_append_number(out, response->status);
    buffer_append_char(out, ' ');
    buffer_append_text(out, http_response_reason(response->status));
    buffer_append_text(out, "\r\n");
    buffer_append_bytes(out, date_line);
    if (response->content_type.data != NULL) {
        buffer_append_text(out, "Content-Type: ");
        buffer_append_bytes(out, response->content_type);
        buffer_append_text(out, "\r\n");
    }
    buffer_append_text(out, "Content-Length: ");
    buffer_append_number(out, body_len(response));
    buffer_append_text(out, "\r\n");
    if (response->headers.data != NULL)
        buffer_append_bytes(out, response->headers);
    if (!keeps_alive)
        buffer_append_text(out, "Connection: close\r\n");
    else if (version_minor == 0)
        buffer_append_text(out, "Connection: keep-alive\r\n");
    buffer_append_text(out, "\r\n");
    if (response->pieces_count == 0)
        buffer_append_bytes(out, response->body);
}
