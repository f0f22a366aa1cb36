/* Reads one request out of what has come: its head, then its body.
 *
 * What has come may stand elsewhere each time, as long as it begins where the request begins.
 *
 * Thread: owner of the request. Memory: owns the body of a request in chunks; all else is borrowed
 * from the text.
 */
#pragma once

#include "http/chunked.h"
#include "http/head.h"

struct http_reader {
    struct http_head head;
    size_t head_len; /* 0: its end has not come */
    struct http_chunked chunked;
    struct buffer body; /* of a request in chunks */
};

/* Zero-initialised it owns nothing; this begins the next request. */
void http_reader_begin(struct http_reader *reader);
void http_reader_deinit(struct http_reader *reader);

/* Reads on in `text`. Answers how long the request is, 0 where more must come first, or the negated
 * status with which it is refused, among them 413 beyond `len_max` bytes of head and body. After
 * that only http_reader_begin() may be called. */
ssize_t http_reader_read(struct http_reader *reader, struct bytes text, size_t len_max);

/* Why it was refused: a sentence for the client. */
const char *http_reader_fault(const struct http_reader *reader);

/* The request that was read, as it stands in `text`; and its body alone. */
void http_reader_fill(const struct http_reader *reader, const char *text,
                      struct http_request *request);
struct bytes http_reader_body(const struct http_reader *reader, const char *text);
