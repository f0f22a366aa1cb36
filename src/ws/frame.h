/* WebSocket frames on the wire. RFC 6455 section 5.2.
 *
 * Thread: any. Memory: keeps and allocates nothing.
 */
#pragma once

#include "base/bytes.h"
#include "ws/close.h"

#include <sys/types.h>

enum ws_frame_opcode {
    WS_FRAME_CONTINUATION = 0x0,
    WS_FRAME_TEXT = 0x1,
    WS_FRAME_BINARY = 0x2,
    WS_FRAME_CLOSE = 0x8,
    WS_FRAME_PING = 0x9,
    WS_FRAME_PONG = 0xa,
};

#define WS_FRAME_CONTROL_PAYLOAD_LEN_MAX 125
#define WS_FRAME_HEADER_LEN_MAX 14
/* Of a frame that the server sends: it has no mask. */
#define WS_FRAME_SERVER_HEADER_LEN_MAX 10

struct ws_frame {
    enum ws_frame_opcode opcode;
    bool is_final;
    bool is_compressed; /* RSV1, RFC 7692 section 6 */
    uint8_t mask[4];
    uint64_t payload_len;
};

/* Parses the header of a client's frame. Returns its length, 0 if more bytes are needed first, or a
 * negated `enum ws_close`. `payload_max` limits data frames; a longer one is refused before any of
 * it is buffered. `allows_compressed`: permessage-deflate was negotiated. */
ssize_t ws_frame_parse(const uint8_t *in, size_t len, size_t payload_max, bool allows_compressed,
                       struct ws_frame *frame);

/* Masks or unmasks the first `len` bytes of a payload. */
void ws_frame_mask(char *payload, size_t len, const uint8_t mask[4]);

bool ws_frame_is_control(enum ws_frame_opcode opcode);

/* Writes the header of a final, unmasked frame; returns its length. */
size_t ws_frame_header(uint8_t out[WS_FRAME_SERVER_HEADER_LEN_MAX], enum ws_frame_opcode opcode,
                       bool is_compressed, size_t payload_len);
