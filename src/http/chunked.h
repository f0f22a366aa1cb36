/* A chunked body, assembled while it arrives. RFC 9112 section 7.1.
 *
 * Strict: each chunk is its size in hex, perhaps extensions (`;name=value`, which are skipped), CR
 * LF, its bytes, CR LF. The last chunk has size 0; trailers and an empty line follow it. Trailers
 * must be field lines, and are dropped: RFC 9110 section 6.5.1.
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
    const char *fault; /* why the body is refused: a sentence for the client */

    enum http_chunked_step step;
    size_t at; /* all bytes before this offset have been read */
    size_t searched;
    size_t left; /* bytes of the chunk's data that have not come yet */
    struct http_line_scan scan;
};

/* The body begins at offset `from` in the text. */
void http_chunked_init(struct http_chunked *chunked, size_t from);

/* Continues in `text`, which begins where the request begins, and appends the chunks' data to
 * `body`. Returns the offset at which the body ends, 0 if more must come first, or the negated
 * status with which the body is refused: 400, or 413 if a chunk would end beyond `len_max`. After
 * an end or a refusal it must not be called again. */
ssize_t http_chunked_parse(struct http_chunked *chunked, struct bytes text, size_t len_max,
                           struct buffer *body);
