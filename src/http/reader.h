/* Reads one request: its head, then its body.
 *
 * The text may lie elsewhere at each call, but always begins where the request begins.
 *
 * Thread: owner of the request. Memory: owns a chunked body; all else is borrowed from the text.
 */
#pragma once

#include "http/chunked.h"
#include "http/head.h"

struct http_reader {
    struct http_head head;
    size_t head_len; /* 0: the end of the head has not come */
    struct http_chunked chunked;
    struct buffer body; /* of a chunked request */
};

/* Begins the next request. A zero-initialised reader owns nothing. */
void http_reader_begin(struct http_reader *reader);
void http_reader_deinit(struct http_reader *reader);

/* Continues in `text`. Returns the length of the request, 0 if more must come first, or the negated
 * status with which the request is refused, among them 413 beyond `len_max` bytes of head and body.
 * After a length or a refusal only http_reader_begin() may be called. */
ssize_t http_reader_read(struct http_reader *reader, struct bytes text, size_t len_max);

/* Why the request was refused: a sentence for the client. */
const char *http_reader_fault(const struct http_reader *reader);

/* The request that was read, borrowed from `text`; and its body alone. */
void http_reader_fill(const struct http_reader *reader, const char *text,
                      struct http_request *request);
struct bytes http_reader_body(const struct http_reader *reader, const char *text);
