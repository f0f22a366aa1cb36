#include "ws/handshake.h"

#include "support/http_dates.h"
#include "support/unit.h"

/* A request as RFC 6455 section 1.3 shows it. */
static struct http_request request_new(void)
{
    return (struct http_request){
        .method = BYTES("GET"),
        .path = BYTES("/app/key"),
        .query = BYTES(""),
        .version_minor = 1,
        .headers = {{BYTES("Host"), BYTES("server.example.com")},
                    {BYTES("Upgrade"), BYTES("websocket")},
                    {BYTES("Connection"), BYTES("Upgrade")},
                    {BYTES("Sec-WebSocket-Key"), BYTES("dGhlIHNhbXBsZSBub25jZQ==")},
                    {BYTES("Sec-WebSocket-Version"), BYTES("13")},
                    {BYTES("Sec-WebSocket-Extensions"), BYTES("permessage-deflate")}},
        .headers_count = 6,
    };
}

enum { UPGRADE = 1, CONNECTION, KEY, VERSION, EXTENSIONS };

static unsigned read(const struct http_request *request)
{
    struct ws_handshake handshake = {0};
    struct bytes reason = BYTES_NONE;
    const unsigned status = ws_handshake_read(request, true, &handshake, &reason);

    assert_true(status == 0 || reason.len > 0);
    return status;
}

static unsigned read_with(size_t header, struct bytes value)
{
    struct http_request request = request_new();

    request.headers[header].value = value;
    return read(&request);
}

static unsigned read_without(size_t header)
{
    struct http_request request = request_new();

    request.headers[header].name = BYTES("X-Other");
    return read(&request);
}

static void the_example_of_the_rfc_is_answered_as_it_says(void **state)
{
    const struct http_request request = request_new();
    struct ws_handshake handshake = {0};
    struct buffer out = {0};
    struct bytes reason;

    (void)state;
    assert_int_equal(ws_handshake_read(&request, false, &handshake, &reason), 0);
    assert_false(handshake.has_deflate);
    ws_handshake_write(&out, &handshake, BYTES("X-Powered-By: Laravel Reverb\r\n"));
    assert_holds(buffer_bytes(&out), "\r\nDate: ");
    http_dates_remove(&out);
    assert_text(buffer_bytes(&out), "HTTP/1.1 101 Switching Protocols\r\n"
                                    "Upgrade: websocket\r\n"
                                    "Connection: Upgrade\r\n"
                                    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                    "X-Powered-By: Laravel Reverb\r\n"
                                    "\r\n");
    buffer_deinit(&out);
}

static void compression_is_agreed_on_where_both_sides_want_it(void **state)
{
    struct http_request request = request_new();
    struct ws_handshake handshake = {0};
    struct buffer out = {0};
    struct bytes reason;

    (void)state;
    assert_int_equal(ws_handshake_read(&request, true, &handshake, &reason), 0);
    assert_true(handshake.has_deflate);
    ws_handshake_write(&out, &handshake, BYTES_NONE);
    assert_holds(buffer_bytes(&out), "\r\nSec-WebSocket-Extensions: permessage-deflate; "
                                     "server_no_context_takeover; client_no_context_takeover\r\n");
    buffer_deinit(&out);
    request.headers[EXTENSIONS].value = BYTES("x-webkit-deflate-frame");
    assert_int_equal(ws_handshake_read(&request, true, &handshake, &reason), 0);
    assert_false(handshake.has_deflate);
}

static void names_and_tokens_count_in_any_case_and_in_lists(void **state)
{
    struct http_request request = request_new();

    (void)state;
    request.headers[UPGRADE] = (struct http_request_header){BYTES("UPGRADE"), BYTES("WebSocket")};
    request.headers[CONNECTION] =
        (struct http_request_header){BYTES("connection"), BYTES("keep-alive,  upgrade ")};
    request.headers[KEY].name = BYTES("sec-websocket-key");
    request.headers[VERSION].name = BYTES("SEC-WEBSOCKET-VERSION");
    assert_int_equal(read(&request), 0);
    assert_int_equal(read_with(UPGRADE, BYTES("h2c, websocket")), 0);
}

static void what_does_not_ask_for_a_websocket_is_told_to(void **state)
{
    (void)state;
    assert_int_equal(read_without(UPGRADE), 426);
    assert_int_equal(read_with(UPGRADE, BYTES("h2c")), 426);
    assert_int_equal(read_with(UPGRADE, BYTES("websockets")), 426);
    assert_int_equal(read_with(UPGRADE, BYTES("")), 426);
}

static void a_proxy_that_drops_the_connection_header_is_named(void **state)
{
    struct http_request request = request_new();
    struct ws_handshake handshake;
    struct bytes reason;

    (void)state;
    assert_int_equal(read_without(CONNECTION), 400);
    request.headers[CONNECTION].value = BYTES("close");
    assert_int_equal(ws_handshake_read(&request, true, &handshake, &reason), 400);
    assert_holds(reason, "proxy");
}

static void another_version_is_refused_with_ours(void **state)
{
    static const char *const wrong[] = {"8", "7", "14", "130", "013", "13, 8", "", "thirteen"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(read_with(VERSION, bytes_of(wrong[i])), 426);
    assert_int_equal(read_without(VERSION), 426);
    assert_holds(ws_handshake_refusal_headers(426), "Sec-WebSocket-Version: 13\r\n");
    assert_holds(ws_handshake_refusal_headers(426), "Upgrade: websocket\r\n");
    assert_null(ws_handshake_refusal_headers(400).data);
}

static void http_1_0_cannot_be_upgraded(void **state)
{
    struct http_request request = request_new();

    (void)state;
    request.version_minor = 0;
    assert_int_equal(read(&request), 400);
}

static void a_key_is_sixteen_bytes_in_base64_once(void **state)
{
    static const char *const wrong[] = {
        "",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZXM=",
        "dGhlIHNhbXBsZSBub25jZXNz",
        "dGhlIHNhbXBsZSBub25j!Q==",
        "dGhlIHNhbXBsZSBub25j-_==",
        "dGhlIHNhbXBsZSB1bmtub3duIG5vbmNlcw==",
    };
    struct http_request request = request_new();

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(read_with(KEY, bytes_of(wrong[i])), 400);
    assert_int_equal(read_without(KEY), 400);
    assert_int_equal(read_with(KEY, BYTES("ab+/IHNhbXBsZSBub25jZQ==")), 0);
    request.headers[request.headers_count++] = request.headers[KEY];
    assert_int_equal(read(&request), 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_is_answered_as_it_says),
        cmocka_unit_test(compression_is_agreed_on_where_both_sides_want_it),
        cmocka_unit_test(names_and_tokens_count_in_any_case_and_in_lists),
        cmocka_unit_test(what_does_not_ask_for_a_websocket_is_told_to),
        cmocka_unit_test(a_proxy_that_drops_the_connection_header_is_named),
        cmocka_unit_test(another_version_is_refused_with_ours),
        cmocka_unit_test(http_1_0_cannot_be_upgraded),
        cmocka_unit_test(a_key_is_sixteen_bytes_in_base64_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
