/* WebSocket frames as a client sees them: it reads unmasked ones and writes masked ones. RFC 6455
 * section 5.2.
 *
 * Thread: any. Memory: keeps nothing.
 */
#pragma once

#include "base/buffer.h"
#include "ws/frame.h"

/* No Pusher server sends a longer payload. */
#define CLIENT_FRAME_PAYLOAD_LEN_MAX ((size_t)64 * 1024 * 1024)

struct client_frame {
    enum ws_frame_opcode opcode;
    struct bytes payload; /* borrowed from what was parsed */
};

/* Parses a whole frame. Returns its length, 0 if more bytes are needed first, or -1 if this client
 * does not support it (masked, fragmented, compressed or too long). */
ssize_t client_frame_parse(struct bytes in, struct client_frame *frame);

/* Appends a final, masked frame. */
void client_frame_append(struct buffer *out, enum ws_frame_opcode opcode, struct bytes payload);
