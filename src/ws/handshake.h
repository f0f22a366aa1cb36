/* The opening handshake, the server's side. RFC 6455 section 4.2.
 *
 * Thread: any.
 */
#pragma once

#include "ws/deflate.h"

struct ws_handshake {
    struct bytes key; /* borrowed from the request */
    bool has_deflate;
    struct ws_deflate_agreement deflate;
};

/* Reads the request. Returns 0 if it is a valid handshake, else the HTTP status with which to
 * refuse it; `reason` then says what is wrong. */
unsigned ws_handshake_read(const struct http_request *request, bool offers_deflate,
                           struct ws_handshake *handshake, struct bytes *reason);

/* The header lines of a refusal, each with its CRLF; absent if there are none. */
struct bytes ws_handshake_refusal_headers(unsigned status);

/* The 101 response; `headers` are further lines, each with its CRLF. */
void ws_handshake_write(struct buffer *out, const struct ws_handshake *handshake,
                        struct bytes headers);
