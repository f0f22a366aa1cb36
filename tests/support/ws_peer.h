/* The client's side of a WebSocket: writes frames as a client does, and reads what a server sends.
 */
#pragma once

#include "base/buffer.h"
#include "base/check.h"

#include <string.h>

#define WS_PEER_FINAL 0x80
#define WS_PEER_RSV1 0x40

struct ws_peer_frame {
    uint8_t first; /* final, reserved bits, opcode */
    struct bytes payload;
};

/* Appends a masked frame, its length as short as it can be written. */
static inline void ws_peer_write(struct buffer *out, uint8_t first, struct bytes payload)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

    buffer_append_char(out, (char)first);
    if (payload.len < 126) {
        buffer_append_char(out, (char)(0x80 | payload.len));
    } else {
        const int len_len = payload.len < 65536 ? 2 : 8;

        buffer_append_char(out, (char)(0x80 | (len_len == 2 ? 126 : 127)));
        for (int i = len_len - 1; i >= 0; i--)
            buffer_append_char(out, (char)((uint64_t)payload.len >> (8 * i)));
    }
    buffer_append(out, mask, sizeof mask);
    for (size_t i = 0; i < payload.len; i++)
        buffer_append_char(out, (char)(payload.data[i] ^ mask[i % 4]));
}

static inline void ws_peer_write_text(struct buffer *out, struct bytes text)
{
    ws_peer_write(out, WS_PEER_FINAL | 0x1, text);
}

/* Cuts the next frame off what a server has sent; false if none is complete. A server never masks,
 * never fragments, and uses the shortest length. */
static inline bool ws_peer_read(struct bytes *rest, struct ws_peer_frame *frame)
{
    const uint8_t *in = (const uint8_t *)rest->data;
    size_t header_len = 2;
    uint64_t len;

    if (rest->len < 2)
        return false;
    CHECK((in[1] & 0x80) == 0 && (in[0] & WS_PEER_FINAL) != 0);
    len = in[1];
    if (len >= 126) {
        const size_t len_len = len == 126 ? 2 : 8;

        header_len += len_len;
        if (rest->len < header_len)
            return false;
        len = 0;
        for (size_t i = 0; i < len_len; i++)
            len = len << 8 | in[2 + i];
        CHECK(len >= (len_len == 2 ? 126u : 65536u));
    }
    if (rest->len - header_len < len)
        return false;
    frame->first = in[0];
    frame->payload = (struct bytes){rest->data + header_len, (size_t)len};
    *rest = bytes_from(*rest, header_len + (size_t)len);
    return true;
}

/* Appends "text:hello;close:1000:bye;": all frames of `sent`, which must hold nothing else. */
static inline void ws_peer_describe(struct buffer *out, struct bytes sent)
{
    struct ws_peer_frame frame;

    while (ws_peer_read(&sent, &frame)) {
        const uint8_t opcode = frame.first & 0x0f;

        if (frame.first & WS_PEER_RSV1)
            buffer_append_text(out, "compressed ");
        CHECK((frame.first & 0x30) == 0);
        if (opcode == 0x8 && frame.payload.len >= 2) {
            buffer_printf(
                out, "close:%u:",
                (unsigned)((uint8_t)frame.payload.data[0] << 8 | (uint8_t)frame.payload.data[1]));
            frame.payload = bytes_from(frame.payload, 2);
        } else {
            buffer_append_text(out, opcode == 0x1   ? "text:"
                                    : opcode == 0x2 ? "binary:"
                                    : opcode == 0x8 ? "close:"
                                    : opcode == 0x9 ? "ping:"
                                    : opcode == 0xa ? "pong:"
                                                    : "?:");
        }
        buffer_append_bytes(out, frame.payload);
        buffer_append_char(out, ';');
    }
    CHECK(sent.len == 0);
}
