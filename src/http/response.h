/* Writes HTTP responses. RFC 9112.
 *
 * Thread: the buffer owner's.
 */
#pragma once

#include "base/buffer.h"
#include "net/chunk.h"

struct http_response {
    unsigned status;
    struct bytes content_type;       /* absent: the header is not sent, as for an empty body */
    struct bytes headers;            /* further ones, each with its CRLF; or absent */
    struct net_chunk *const *pieces; /* of a long body: what comes before `body`, not copied */
    size_t pieces_count;
    struct bytes body;
};

/* The reason phrase of a status code: "Not Found". */
const char *http_response_reason(unsigned status);

/* Appends the whole response, but not the pieces and what is behind them. `date_line` is
 * http_date_line(); `keeps_alive` and the client's version decide its Connection header. */
void http_response_write(struct buffer *out, const struct http_response *response,
                         struct bytes date_line, uint8_t version_minor, bool keeps_alive);
