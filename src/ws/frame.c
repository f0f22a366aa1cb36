#include "ws/frame.h"

#include <string.h>

#define FINAL 0x80
#define RSV1 0x40
#define RSV2_AND_3 0x30
#define MASKED 0x80
#define LEN_16 126
#define LEN_64 127

bool ws_frame_is_control(enum ws_frame_opcode opcode)
{
    return (opcode & 0x8) != 0;
}

static bool is_known(uint8_t opcode)
{
    return opcode <= WS_FRAME_BINARY || (opcode >= WS_FRAME_CLOSE && opcode <= WS_FRAME_PONG);
}

static uint64_t big_endian(const uint8_t *in, size_t len)
{
    uint64_t number = 0;

    for (size_t i = 0; i < len; i++)
        number = number << 8 | in[i];
    return number;
}

/* Checks the first two bytes by themselves; 0, or the negated code of the error. */
static ssize_t check_start(const uint8_t in[2], bool allows_compressed)
{
    const uint8_t opcode = in[0] & 0x0f;

    if ((in[0] & RSV2_AND_3) || !is_known(opcode) || !(in[1] & MASKED))
        return -WS_CLOSE_PROTOCOL_ERROR;
    /* Only the first frame of a data message says that the message is compressed. */
    if ((in[0] & RSV1) &&
        (!allows_compressed || (opcode != WS_FRAME_TEXT && opcode != WS_FRAME_BINARY)))
        return -WS_CLOSE_PROTOCOL_ERROR;
    if (ws_frame_is_control(opcode) && (!(in[0] & FINAL) || (in[1] & 0x7f) >= LEN_16))
        return -WS_CLOSE_PROTOCOL_ERROR;
    return 0;
}

ssize_t ws_frame_parse(const uint8_t *in, size_t len, size_t payload_max, bool allows_compressed,
                       struct ws_frame *frame)
{
    size_t extended_len = 0;
    ssize_t status;

    if (len < 2)
        return 0;
    status = check_start(in, allows_compressed);
    if (status < 0)
        return status;
    frame->opcode = in[0] & 0x0f;
    frame->is_final = (in[0] & FINAL) != 0;
    frame->is_compressed = (in[0] & RSV1) != 0;
    frame->payload_len = in[1] & 0x7f;
    if (frame->payload_len >= LEN_16) {
        extended_len = frame->payload_len == LEN_16 ? 2 : 8;
        if (len < 2 + extended_len)
            return 0;
        frame->payload_len = big_endian(in + 2, extended_len);
        /* A length must use the shortest encoding, and its highest bit must be 0. */
        if (frame->payload_len < (extended_len == 2 ? LEN_16 : 65536u) ||
            frame->payload_len > INT64_MAX)
            return -WS_CLOSE_PROTOCOL_ERROR;
    }
    if (frame->payload_len > payload_max && !ws_frame_is_control(frame->opcode))
        return -WS_CLOSE_TOO_BIG;
    if (len < 2 + extended_len + sizeof frame->mask)
        return 0;
    memcpy(frame->mask, in + 2 + extended_len, sizeof frame->mask);
    return (ssize_t)(2 + extended_len + sizeof frame->mask);
}

void ws_frame_mask(char *payload, size_t len, const uint8_t mask[4])
{
    uint32_t mask_32;
    uint64_t mask_64;
    size_t at = 0;

    memcpy(&mask_32, mask, sizeof mask_32);
    mask_64 = (uint64_t)mask_32 << 32 | mask_32;
    for (; at + sizeof mask_64 <= len; at += sizeof mask_64) {
        uint64_t word;

        memcpy(&word, payload + at, sizeof word);
        word ^= mask_64;
        memcpy(payload + at, &word, sizeof word);
    }
    for (; at < len; at++)
        payload[at] = (char)(payload[at] ^ mask[at % 4]);
}

size_t ws_frame_header(uint8_t out[WS_FRAME_SERVER_HEADER_LEN_MAX], enum ws_frame_opcode opcode,
                       bool is_compressed, size_t payload_len)
{
    size_t extended_len = payload_len < LEN_16 ? 0 : payload_len < 65536 ? 2 : 8;

    out[0] = (uint8_t)(FINAL | (is_compressed ? RSV1 : 0) | opcode);
    out[1] = (uint8_t)(extended_len == 0 ? payload_len : extended_len == 2 ? LEN_16 : LEN_64);
    for (size_t i = 0; i < extended_len; i++)
        out[2 + i] = (uint8_t)((uint64_t)payload_len >> (8 * (extended_len - 1 - i)));
    return 2 + extended_len;
}
