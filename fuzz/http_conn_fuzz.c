/* Truth: bytes over an HTTP connection mean the same whether they come at once or in pieces: the
 * same requests, and the same answers except "100 Continue". The response to every other request is
 * deferred. The first byte says how large the pieces are, how many come meanwhile, and whether each
 * request that comes in pieces is deferred, too. */

#include "fuzz.h"
#include "support/http_dates.h"
#include "support/http_fixture.h"

/* Below the limit of a request: which of two errors is reported first may depend on the pieces. */
#define LEN_MAX 4000
#define REQUEST_MAX 5000

static struct fixture fixture;

static void drop_continue(struct buffer *sent)
{
    static const struct bytes words = BYTES("HTTP/1.1 100 Continue\r\n\r\n");
    const char *at;

    while (sent->len > 0 && (at = memmem(sent->data, sent->len, words.data, words.len)) != NULL) {
        const size_t from = (size_t)(at - sent->data);

        memmove(sent->data + from, at + words.len, sent->len - from - words.len);
        sent->len -= words.len;
    }
}

static void on_received(struct http_fixture *http)
{
    http->defers_responses = !http->defers_responses;
}

/* True while the connection is open. */
static bool answer(struct http_fixture *http)
{
    if (http->is_request_deferred)
        http_fixture_resume(http);
    else
        http_fixture_answer(http);
    return http_fixture_feed(http, BYTES(""));
}

static void run(struct http_fixture *http, struct bytes stream, size_t piece_len,
                unsigned pieces_deferred, bool defers_requests)
{
    bool is_open = true;
    unsigned waited = 0;

    http_fixture_init(http, &fixture, REQUEST_MAX);
    http->on_received = on_received;
    http->defers_requests = defers_requests;
    http_fixture_connect(http);
    while (is_open && stream.len > 0) {
        const size_t len = stream.len < piece_len ? stream.len : piece_len;

        is_open = http_fixture_feed(http, (struct bytes){stream.data, len});
        stream = bytes_from(stream, len);
        waited = http->deferral.conn == NULL ? 0 : waited + 1;
        if (waited > pieces_deferred) {
            waited = 0;
            is_open = answer(http);
        }
    }
    while (http->deferral.conn != NULL)
        answer(http);
    http_fixture_disconnect(http);
    drop_continue(&http->sent);
    http_dates_remove(&http->sent);
}

/* No part of a request may hold the end of a line. */
static void check_received(const struct buffer *received)
{
    CHECK(received->len == 0 || received->data[received->len - 1] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct http_fixture whole;
    struct http_fixture pieces;
    struct bytes stream;

    if (len < 2 || len > LEN_MAX)
        return 0;
    if (fixture.loop.read_buffer == NULL)
        fixture_open(&fixture, 1000000);
    stream = fuzz_bytes(data + 1, len - 1);
    run(&whole, stream, len, 0, false);
    run(&pieces, stream, 1 + (len > 256 ? len / 128 : 0) + (data[0] >> 5), data[0] & 15,
        data[0] & 16);
    check_received(&whole.received);
    CHECK(bytes_equal(buffer_bytes(&whole.received), buffer_bytes(&pieces.received)));
    CHECK(bytes_equal(buffer_bytes(&whole.sent), buffer_bytes(&pieces.sent)));
    http_fixture_deinit(&whole);
    http_fixture_deinit(&pieces);
    return 0;
}
