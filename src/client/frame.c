#include "client/frame.h"

#include "base/random.h"

#include <string.h>

#define FINAL 0x80
#define RSV_AND_OPCODE 0x7f
#define MASKED 0x80
#define LEN_16 126
#define LEN_64 127

static size_t big_endian(const uint8_t *in, size_t len)
{
    size_t number = 0;

    for (size_t i = 0; i < len; i++)
        number = number << 8 | in[i];
    return number;
}

ssize_t client_frame_parse(struct bytes in, struct client_frame *frame)
{
    const uint8_t *head = (const uint8_t *)in.data;
    size_t head_len = 2;
    size_t len;

    if (in.len < 2)
        return 0;
    if (!(head[0] & FINAL) || (head[0] & RSV_AND_OPCODE) > WS_FRAME_PONG || (head[1] & MASKED))
        return -1;
    len = head[1];
    if (len >= LEN_16) {
        head_len += len == LEN_16 ? 2 : 8;
        if (in.len < head_len)
            return 0;
        len = big_endian(head + 2, head_len - 2);
        if (len > CLIENT_FRAME_PAYLOAD_LEN_MAX)
            return -1;
    }
    if (in.len - head_len < len)
        return 0;
    frame->opcode = head[0] & RSV_AND_OPCODE;
    frame->payload = (struct bytes){in.data + head_len, len};
    return (ssize_t)(head_len + len);
}

/* Masks are drawn for many frames in one call, as drawing four bytes costs as much. */
static void draw_mask(uint8_t mask[4])
{
    static _Thread_local uint8_t drawn[1024];
    static _Thread_local size_t used = sizeof drawn;

    if (used == sizeof drawn) {
        random_bytes(drawn, sizeof drawn);
        used = 0;
    }
    memcpy(mask, drawn + used, 4);
    used += 4;
}

void client_frame_append(struct buffer *out, enum ws_frame_opcode opcode, struct bytes payload)
{
    uint8_t header[WS_FRAME_HEADER_LEN_MAX];
    size_t header_len = ws_frame_header(header, opcode, false, payload.len);
    uint8_t mask[4];

    draw_mask(mask);
    header[1] |= MASKED;
    memcpy(header + header_len, mask, sizeof mask);
    buffer_append(out, header, header_len + sizeof mask);
    if (payload.len == 0)
        return;
    buffer_append_bytes(out, payload);
    ws_frame_mask(out->data + out->len - payload.len, payload.len, mask);
}
