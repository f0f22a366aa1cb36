/* A body in chunks, put together while it comes. RFC 9112 section 7.1.
 *
 * Strict: each chunk is its size in hex, perhaps extensions, `;name=value`, which are passed over,
 * CR LF, its bytes, CR LF; the last is of size 0, and trailers and an empty line follow it.
 * Trailers must be field lines, and are dropped: RFC 9110 section 6.5.1.
 *
 * Thread: owner of the request. Memory: owns nothing.
 */
#pragma once

#include "base/buffer.h"
#include "http/line.h"

enum http_chunked_step {
    HTTP_CHUNKED_SIZE,
    HTTP_CHUNKED_DATA,
    HTTP_CHUNKED_DATA_END,
    HTTP_CHUNKED_TRAILERS,
};

struct http_chunked {
    const char *fault; /* why it is refused: a sentence for the client */

    enum http_chunked_step step;
    size_t at; /* what lies before it was read */
    size_t searched;
    size_t left; /* of a chunk's data */
    struct http_line_scan scan;
};

/* The body begins at `from` in the text. */
void http_chunked_init(struct http_chunked *chunked, size_t from);

/* Reads on in `text`, which begins where the request begins, and appends what the chunks hold to
 * `body`. Answers where the body ends, 0 where more must come first, or the negated status with
 * which it is refused: 400, or 413 where a chunk would end beyond `len_max`. After that it may not
 * be called again. */
ssize_t http_chunked_parse(struct http_chunked *chunked, struct bytes text, size_t len_max,
                           struct buffer *body);
