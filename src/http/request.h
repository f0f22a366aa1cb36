/* An HTTP request as it was sent, cut into its parts. RFC 9112.
 *
 * Thread: owner of its connection. Memory: all parts are borrowed from the connection for as long
 * as the request is being handled.
 */
#pragma once

#include "base/bytes.h"

#define HTTP_REQUEST_HEADERS_COUNT_MAX 64

struct http_request_header {
    struct bytes name;
    struct bytes value;
};

struct http_request {
    struct bytes method;   /* "GET" */
    struct bytes path;     /* as sent, without the query */
    struct bytes query;    /* after the question mark; empty if there is none */
    uint8_t version_minor; /* 1.x */
    struct http_request_header headers[HTTP_REQUEST_HEADERS_COUNT_MAX];
    size_t headers_count;
    struct bytes body;
};

/* The value of the first header of that name (any case); absent if there is none. */
struct bytes http_request_header(const struct http_request *request, struct bytes name);

/* How many headers of that name there are. */
size_t http_request_header_count(const struct http_request *request, struct bytes name);

/* Whether one of the headers of that name lists `token`: "keep-alive, Upgrade". Any case. */
bool http_request_has_token(const struct http_request *request, struct bytes name,
                            struct bytes token);
