/* The head of a request: its first line and its headers, as strictly as RFC 9112 allows, because a
 * request of two meanings is how one is smuggled past a proxy. RFC 9112 sections 2 to 6.
 *
 * Text may come in pieces, and stand elsewhere each time: all that is found is kept as offsets.
 * What is refused depends on the bytes alone, never on the pieces, and is refused as soon as they
 * show it.
 *
 * Thread: owner of the request. Memory: owns nothing.
 */
#pragma once

#include "http/line.h"
#include "http/request.h"

enum http_head_step {
    HTTP_HEAD_METHOD, /* and the empty lines before it */
    HTTP_HEAD_TARGET,
    HTTP_HEAD_VERSION,
    HTTP_HEAD_FIELDS,
};

struct http_head {
    /* Of what has been found; the rest is the parser's. */
    uint64_t content_length; /* 0 where none is given */
    uint8_t version_minor;   /* 1.x */
    bool is_head_request;    /* whose answer has no body */
    bool is_chunked;
    bool keeps_alive;
    bool expects_continue;
    const char *fault; /* why it is refused: a sentence for the client */

    enum http_head_step step;
    uint32_t at; /* what lies before it was read */
    uint32_t searched;
    uint32_t method_from;
    uint32_t method_len;
    uint32_t target_from; /* without scheme and host */
    uint32_t target_len;
    uint32_t hosts_count;
    bool has_length;
    bool has_encoding;
    bool says_close;
    bool says_keep_alive;
    struct http_line_scan scan;
    uint32_t fields_count;
    struct http_line_field fields[HTTP_REQUEST_HEADERS_COUNT_MAX + 1]; /* and one too many */
};

void http_head_init(struct http_head *head);

/* Reads on in `text`, which begins where the request begins. Answers how long the head is, 0 where
 * more must come first, or the negated status with which it is refused: 400, 431, 501, 505. After
 * that it may not be called again. */
ssize_t http_head_parse(struct http_head *head, struct bytes text);

/* After it has found the end: all parts of the request but its body, as they stand in `text`. */
void http_head_fill(const struct http_head *head, const char *text, struct http_request *request);
