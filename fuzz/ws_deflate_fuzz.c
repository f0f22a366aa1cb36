/* Truth: what we compress can be decompressed; what others compress, or damage, gives no more than
 * the limit, and the same with a limit that it just fits; and an offer is read within its bounds.
 */

#include "ws/deflate.h"

#include "fuzz.h"
#include "ws/close.h"

#define LEN_MAX 20000

static struct ws_deflate *deflate;

static void check_round_trip(enum ws_deflate_form form, struct bytes message)
{
    struct buffer payload = {0};
    struct buffer out = {0};

    ws_deflate_compress(deflate, form, message, &payload);
    CHECK(ws_deflate_decompress(deflate, buffer_bytes(&payload), message.len, &out) == 0);
    CHECK(bytes_equal(buffer_bytes(&out), message));
    buffer_deinit(&payload);
    buffer_deinit(&out);
}

static void check_any(struct bytes payload)
{
    struct buffer out = {0};
    struct buffer again = {0};
    const int status = ws_deflate_decompress(deflate, payload, LEN_MAX, &out);

    CHECK(status == 0 || status == -WS_CLOSE_INVALID_DATA || status == -WS_CLOSE_TOO_BIG);
    if (status == 0) {
        CHECK(out.len <= LEN_MAX);
        CHECK(ws_deflate_decompress(deflate, payload, out.len, &again) == 0);
        CHECK(bytes_equal(buffer_bytes(&again), buffer_bytes(&out)));
        buffer_clear(&again);
        if (out.len > 0)
            CHECK(ws_deflate_decompress(deflate, payload, out.len - 1, &again) ==
                  -WS_CLOSE_TOO_BIG);
    }
    buffer_deinit(&out);
    buffer_deinit(&again);
}

static void check_offer(struct bytes offer)
{
    const struct http_request request = {.headers = {{BYTES("Sec-WebSocket-Extensions"), offer}},
                                         .headers_count = 1};
    struct ws_deflate_agreement agreement;

    if (!ws_deflate_negotiate(&request, &agreement))
        return;
    CHECK(agreement.form == WS_DEFLATE_FULL || agreement.form == WS_DEFLATE_SMALL);
    CHECK(agreement.server_window_bits == 0 ||
          (agreement.server_window_bits >= 9 && agreement.server_window_bits <= 15));
    CHECK(agreement.client_window_bits == 0 ||
          (agreement.client_window_bits >= 8 && agreement.client_window_bits <= 15));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct bytes text = fuzz_bytes(data, len);

    if (deflate == NULL)
        deflate = ws_deflate_new();
    check_any(text);
    if (len > 0) {
        check_round_trip(WS_DEFLATE_FULL, text);
        check_round_trip(WS_DEFLATE_SMALL, text);
    }
    check_offer(text);
    return 0;
}
