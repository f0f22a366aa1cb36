#include "http/response.h"

#include "support/unit.h"

static void check(struct http_response response, uint8_t version_minor, bool keeps_alive,
                  const char *should)
{
    struct buffer out = {0};

    http_response_write(&out, &response, BYTES("Date: x\r\n"), version_minor, keeps_alive);
    assert_bytes_equal(buffer_bytes(&out), bytes_of(should));
    buffer_deinit(&out);
}

static void a_response_carries_its_type_its_length_and_its_body(void **state)
{
    (void)state;
    check(
        (struct http_response){.status = 200,
                               .content_type = BYTES("application/json"),
                               .body = BYTES("{\"health\":\"OK\"}")},
        1, true,
        "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
        "{\"health\":\"OK\"}");
}

static void pieces_count_and_are_left_to_the_caller(void **state)
{
    struct net_chunk *piece = net_chunk_new(3);

    (void)state;
    net_chunk_append(piece, "abc", 3);
    check((struct http_response){.status = 200,
                                 .pieces = (struct net_chunk *[]){piece, piece},
                                 .pieces_count = 2,
                                 .body = BYTES("d")},
          1, true, "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 7\r\n\r\n");
    net_chunk_unref(piece);
}

static void further_headers_stand_before_the_body(void **state)
{
    (void)state;
    check((struct http_response){.status = 405, .headers = BYTES("Allow: GET\r\n")}, 1, false,
          "HTTP/1.1 405 Method Not Allowed\r\nDate: x\r\nContent-Length: 0\r\nAllow: GET\r\n"
          "Connection: close\r\n\r\n");
}

static void a_connection_that_ends_or_that_1_0_would_end_is_announced(void **state)
{
    (void)state;
    check((struct http_response){.status = 200}, 1, true,
          "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 0\r\n\r\n");
    check((struct http_response){.status = 200}, 0, true,
          "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
    check((struct http_response){.status = 200}, 0, false,
          "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

static void every_status_we_send_has_its_words(void **state)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {{101, "Switching Protocols"},
                   {200, "OK"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {408, "Request Timeout"},
                   {413, "Content Too Large"},
                   {422, "Unprocessable Content"},
                   {426, "Upgrade Required"},
                   {431, "Request Header Fields Too Large"},
                   {500, "Internal Server Error"},
                   {501, "Not Implemented"},
                   {503, "Service Unavailable"},
                   {505, "HTTP Version Not Supported"}};

    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        assert_string_equal(http_response_reason(reasons[i].status), reasons[i].reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_carries_its_type_its_length_and_its_body),
        cmocka_unit_test(pieces_count_and_are_left_to_the_caller),
        cmocka_unit_test(further_headers_stand_before_the_body),
        cmocka_unit_test(a_connection_that_ends_or_that_1_0_would_end_is_announced),
        cmocka_unit_test(every_status_we_send_has_its_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
