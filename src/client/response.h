/* What an HTTP server answers, as far as a client of the Pusher API needs it. RFC 9112 section 4.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

#define CLIENT_RESPONSE_HEAD_LEN_MAX 16384

struct client_response {
    unsigned status;
    bool is_last;        /* the server closes the connection behind it */
    bool is_until_close; /* its body has no other end than that */
    struct bytes accept; /* Sec-WebSocket-Accept; absent where there is none */
    struct bytes body;   /* borrowed; what has come of it where `is_until_close` */
};

/* Parses a whole response: its length, 0 where more bytes are needed first, -1 where it is none
 * that this client takes (chunked, or with a head that is too long). */
ssize_t client_response_parse(struct bytes in, struct client_response *response);
