#include "http/request.h"

struct bytes http_request_header(const struct http_request *request, struct bytes name)
{
    for (size_t i = 0; i < request->headers_count; i++)
        if (bytes_equal_ignoring_case(request->headers[i].name, name))
            return request->headers[i].value;
    return BYTES_NONE;
}

size_t http_request_header_count(const struct http_request *request, struct bytes name)
{
    size_t count = 0;

    for (size_t i = 0; i < request->headers_count; i++)
        if (bytes_equal_ignoring_case(request->headers[i].name, name))
            count++;
    return count;
}

bool http_request_has_token(const struct http_request *request, struct bytes name,
                            struct bytes token)
{
    for (size_t i = 0; i < request->headers_count; i++) {
        struct bytes rest = request->headers[i].value;
        struct bytes piece;

        if (!bytes_equal_ignoring_case(request->headers[i].name, name))
            continue;
        while (bytes_next(&rest, ',', &piece))
            if (bytes_equal_ignoring_case(bytes_trim(piece), token))
                return true;
    }
    return false;
}
