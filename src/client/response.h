/* Parses HTTP responses, as far as a client of the Pusher API needs it. RFC 9112 section 4.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

#define CLIENT_RESPONSE_HEAD_LEN_MAX 16384

struct client_response {
    unsigned status;
    bool is_last;        /* the server closes the connection after it */
    bool is_until_close; /* its body ends when the connection closes */
    struct bytes accept; /* Sec-WebSocket-Accept; absent if there is none */
    struct bytes body;   /* borrowed; what has come so far if `is_until_close` */
};

/* Parses a whole response. Returns its length, 0 if more bytes are needed first, or -1 if this
 * client does not support it (chunked, or with a head that is too long). */
ssize_t client_response_parse(struct bytes in, struct client_response *response);
