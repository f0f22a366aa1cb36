/* Truth: a header means the same however many bytes have come behind it, is incomplete at each
 * prefix, and is parsed as a simple, slow reading of RFC 6455 section 5.2 parses it. */

#include "ws/frame.h"

#include "fuzz.h"

#define PAYLOAD_MAX 100000

static void check_fields(const uint8_t *data, const struct ws_frame *frame)
{
    uint64_t payload_len = data[1] & 0x7f;
    size_t at = 2;

    if (payload_len >= 126) {
        const size_t len_len = payload_len == 126 ? 2 : 8;

        payload_len = 0;
        for (size_t i = 0; i < len_len; i++)
            payload_len = payload_len << 8 | data[at++];
        CHECK(payload_len >= (len_len == 2 ? 126 : 65536));
    }
    CHECK(frame->payload_len == payload_len);
    CHECK(memcmp(frame->mask, data + at, 4) == 0);
    CHECK(frame->opcode == (data[0] & 0xf));
    CHECK(frame->is_final == (data[0] >> 7));
    CHECK(payload_len <= (ws_frame_is_control(frame->opcode) ? 125 : PAYLOAD_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const bool allows_compressed = len > 0 && data[len - 1] % 2;
    struct ws_frame frame;
    const ssize_t whole = ws_frame_parse(data, len, PAYLOAD_MAX, allows_compressed, &frame);
    ssize_t first = 0;

    CHECK(whole <= WS_FRAME_HEADER_LEN_MAX && whole <= (ssize_t)len);
    if (whole > 0)
        check_fields(data, &frame);
    for (size_t prefix = 0; prefix <= len && first == 0; prefix++) {
        char *exact = fuzz_exact(fuzz_bytes(data, prefix));

        first =
            ws_frame_parse((const uint8_t *)exact, prefix, PAYLOAD_MAX, allows_compressed, &frame);
        if (first > 0)
            CHECK(first == (ssize_t)prefix);
        free(exact);
    }
    CHECK(first == whole);
    return 0;
}
