/* The head of a request: its first line and its headers, as strictly as RFC 9112 allows: a request
 * that two programs read differently can be smuggled past a proxy. RFC 9112 sections 2 to 6.
 *
 * The text may come in pieces, and lie elsewhere at each call: what is found is kept as offsets.
 * Whether a head is refused depends on its bytes alone, never on the pieces; it is refused as soon
 * as the bytes show it.
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
    /* The result; the other fields are the parser's own. */
    uint64_t content_length; /* 0 if none is given */
    uint8_t version_minor;   /* 1.x */
    bool is_head_request;    /* HEAD: the response has no body */
    bool is_chunked;
    bool keeps_alive;
    bool expects_continue;
    const char *fault; /* why the head is refused: a sentence for the client */

    enum http_head_step step;
    uint32_t at; /* all bytes before this offset have been read */
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

/* Continues in `text`, which begins where the request begins. Returns the length of the head, 0 if
 * more must come first, or the negated status with which the head is refused: 400, 431, 501, 505.
 * After a length or a refusal it must not be called again. */
ssize_t http_head_parse(struct http_head *head, struct bytes text);

/* After http_head_parse() has returned the length: fills in all parts of the request but its body,
 * borrowed from `text`. */
void http_head_fill(const struct http_head *head, const char *text, struct http_request *request);
