/* permessage-deflate: the negotiation and the compression. RFC 7692.
 *
 * Neither side keeps a context from one message to the next, so that an event is compressed once
 * for all its receivers, and an idle connection owns no window.
 *
 * Thread: owner; each worker has one `ws_deflate` for all its connections.
 */
#pragma once

#include "base/buffer.h"
#include "http/request.h"

struct ws_deflate;

/* The form in which a receiver gets its messages. Two windows serve all receivers: what is
 * compressed with a small window can be decompressed with any larger one. */
enum ws_deflate_form {
    WS_DEFLATE_PLAIN,
    WS_DEFLATE_FULL,  /* window of 15 bits */
    WS_DEFLATE_SMALL, /* window of 9 bits: the receiver asked for less than 15 */
    WS_DEFLATE_FORMS_COUNT,
};

/* Shorter messages are sent as they are: compressing them gains nothing. */
#define WS_DEFLATE_LEN_MIN 64

struct ws_deflate_agreement {
    enum ws_deflate_form form;
    uint8_t server_window_bits; /* 0: not mentioned */
    uint8_t client_window_bits; /* 0: not mentioned */
};

/* Chooses the first of the client's offers that can be accepted; false if there is none. */
bool ws_deflate_negotiate(const struct http_request *request,
                          struct ws_deflate_agreement *agreement);

/* Appends the value of the response's Sec-WebSocket-Extensions. */
void ws_deflate_write_agreement(struct buffer *out, const struct ws_deflate_agreement *agreement);

struct ws_deflate *ws_deflate_new(void);
void ws_deflate_free(struct ws_deflate *deflate); /* NULL is fine */

/* Appends the payload of a compressed frame. */
void ws_deflate_compress(struct ws_deflate *deflater, enum ws_deflate_form form,
                         struct bytes message, struct buffer *out);

/* Decompresses a message into the empty `out`. Returns 0, or a negated `enum ws_close` if it is
 * invalid or would exceed `len_max`. */
int ws_deflate_decompress(struct ws_deflate *deflate, struct bytes payload, size_t len_max,
                          struct buffer *out);
