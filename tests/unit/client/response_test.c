#include "client/response.h"

#include "support/unit.h"

static ssize_t parse(struct bytes in, struct client_response *response)
{
    char *copy = unit_exact(in);
    const ssize_t used = client_response_parse((struct bytes){copy, in.len}, response);

    if (used > 0)
        response->body.data = in.data + (response->body.data - copy);
    free(copy);
    return used;
}

static void response_split_at_any_byte_waits_and_then_parses(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\ncontent-length:  2 \r\n\r\n{}";
    struct client_response response;

    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_int_equal(parse((struct bytes){text, len}, &response), 0);
    assert_int_equal(
        parse(BYTES("HTTP/1.1 200 OK\r\ncontent-length:  2 \r\n\r\n{}HTTP"), &response),
        sizeof text - 1);
    assert_int_equal(response.status, 200);
    assert_false(response.is_last);
    assert_text(response.body, "{}");
}

static void upgrade_has_no_body_and_says_what_it_accepts(void **state)
{
    static const char text[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                               "Sec-WebSocket-Accept: abc=\r\n\r\n\x81\x02{}";
    struct client_response response;

    (void)state;
    assert_int_equal(client_response_parse(BYTES(text), &response), sizeof text - 1 - 4);
    assert_int_equal(response.status, 101);
    assert_text(response.accept, "abc=");
    assert_int_equal(response.body.len, 0);
}

static void end_of_the_connection_is_told(void **state)
{
    struct client_response response;

    (void)state;
    assert_true(parse(BYTES("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
                      &response) > 0);
    assert_true(response.is_last);
    assert_true(parse(BYTES("HTTP/1.0 200 OK\r\n\r\nsome"), &response) > 0);
    assert_true(response.is_last && response.is_until_close);
    assert_text(response.body, "some");
}

static void what_it_does_not_take_is_refused(void **state)
{
    struct client_response response;

    (void)state;
    assert_int_equal(parse(BYTES("RTSP/1.0 200 OK\r\n\r\n"), &response), -1);
    assert_int_equal(parse(BYTES("HTTP/1.1 2x0 OK\r\n\r\n"), &response), -1);
    assert_int_equal(parse(BYTES("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), &response), -1);
    assert_int_equal(
        parse(BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), &response), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response_split_at_any_byte_waits_and_then_parses),
        cmocka_unit_test(upgrade_has_no_body_and_says_what_it_accepts),
        cmocka_unit_test(end_of_the_connection_is_told),
        cmocka_unit_test(what_it_does_not_take_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
