/* Truth: a client's stream means the same whether it comes at once or in pieces: the same messages,
 * the same answers. The first byte says how large the pieces are and whether compression is on. */

#include "fuzz.h"
#include "support/ws_fixture.h"

#define LEN_MAX 4096

static struct fixture fixture;
static struct ws_deflate *deflate;

static void run(struct ws_fixture *ws, bool is_compressed, struct bytes stream, size_t piece_len)
{
    struct buffer described = {0};

    ws_fixture_open(ws, &fixture, deflate, is_compressed ? WS_DEFLATE_FULL : WS_DEFLATE_PLAIN,
                    1000);
    while (stream.len > 0) {
        const size_t len = stream.len < piece_len ? stream.len : piece_len;

        ws_fixture_feed(ws, (struct bytes){stream.data, len});
        stream = bytes_from(stream, len);
    }
    ws_fixture_close(ws);
    ws_peer_describe(&described, buffer_bytes(&ws->sent));
    buffer_deinit(&ws->sent);
    ws->sent = described;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ws_fixture whole;
    struct ws_fixture pieces;
    struct bytes stream;

    if (len < 2 || len > LEN_MAX)
        return 0;
    if (deflate == NULL) {
        fixture_open(&fixture, 1000000);
        deflate = ws_deflate_new();
    }
    stream = fuzz_bytes(data + 1, len - 1);
    run(&whole, data[0] & 1, stream, len);
    run(&pieces, data[0] & 1, stream, 1 + (len > 256 ? len / 128 : 0) + (data[0] >> 5));
    CHECK(bytes_equal(buffer_bytes(&whole.received), buffer_bytes(&pieces.received)));
    CHECK(bytes_equal(buffer_bytes(&whole.sent), buffer_bytes(&pieces.sent)));
    ws_fixture_deinit(&whole);
    ws_fixture_deinit(&pieces);
    return 0;
}
