/* Truth: a client's stream means the same whether it comes at once or in pieces: the same messages,
 * the same answers. The first byte says how large the pieces are and whether compression is on. */

#include "fuzz.h"
#include "support/ws_rig.h"

#define LEN_MAX 4096

static struct rig rig;
static struct ws_deflate *deflate;

static void run(struct ws_rig *ws, bool is_compressed, struct bytes stream, size_t piece_len)
{
    struct buffer described = {0};

    ws_rig_open(ws, &rig, deflate, is_compressed ? WS_DEFLATE_FULL : WS_DEFLATE_PLAIN, 1000);
    while (stream.len > 0) {
        const size_t len = stream.len < piece_len ? stream.len : piece_len;

        ws_rig_feed(ws, (struct bytes){stream.data, len});
        stream = bytes_from(stream, len);
    }
    ws_rig_close(ws);
    ws_peer_describe(&described, buffer_bytes(&ws->sent));
    buffer_deinit(&ws->sent);
    ws->sent = described;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ws_rig whole;
    struct ws_rig pieces;
    struct bytes stream;

    if (len < 2 || len > LEN_MAX)
        return 0;
    if (deflate == NULL) {
        rig_open(&rig, 1000000);
        deflate = ws_deflate_new();
    }
    stream = fuzz_bytes(data + 1, len - 1);
    run(&whole, data[0] & 1, stream, len);
    run(&pieces, data[0] & 1, stream, 1 + (len > 256 ? len / 128 : 0) + (data[0] >> 5));
    CHECK(bytes_equal(buffer_bytes(&whole.heard), buffer_bytes(&pieces.heard)));
    CHECK(bytes_equal(buffer_bytes(&whole.sent), buffer_bytes(&pieces.sent)));
    ws_rig_deinit(&whole);
    ws_rig_deinit(&pieces);
    return 0;
}
