#include "http/reader.h"

#include "support/unit.h"

#define LEN_MAX 100

static struct http_reader reader;

static ssize_t read_first(struct bytes text)
{
    http_reader_begin(&reader);
    return http_reader_read(&reader, text, LEN_MAX);
}

#define HEAD "POST /a HTTP/1.1\r\nHost: x\r\n" /* 27 bytes */

static void a_request_has_the_body_its_head_tells_of(void **state)
{
    struct http_request request;

    (void)state;
    assert_int_equal(read_first(BYTES(HEAD "\r\nbehind")), 29);
    http_reader_fill(&reader, HEAD "\r\nbehind", &request);
    assert_text(request.path, "/a");
    assert_int_equal(request.body.len, 0);
    assert_int_equal(read_first(BYTES(HEAD "Content-Length: 4\r\n\r\nbodybehind")), 52);
    http_reader_fill(&reader, HEAD "Content-Length: 4\r\n\r\nbodybehind", &request);
    assert_text(request.body, "body");
    assert_int_equal(
        read_first(BYTES(HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\nbehind")),
        71);
    http_reader_fill(&reader, HEAD, &request);
    assert_text(request.body, "body");
}

static void the_next_request_has_nothing_of_the_one_before(void **state)
{
    struct http_request request;

    (void)state;
    assert_int_equal(read_first(BYTES(HEAD "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n")),
                     0);
    assert_true(reader.head.expects_continue);
    assert_true(read_first(BYTES(HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")) >
                0);
    assert_int_equal(read_first(BYTES("GET / HTTP/1.0\r\n\r\n")), 18);
    assert_false(reader.head.expects_continue);
    http_reader_fill(&reader, "GET / HTTP/1.0\r\n\r\n", &request);
    assert_int_equal(request.headers_count, 0);
    assert_int_equal(request.body.len, 0);
}

/* As a connection's buffer grows. */
static void a_text_may_move_while_it_grows(void **state)
{
    const struct bytes text = BYTES(HEAD "Content-Length: 4\r\n\r\nbody");
    struct http_request request;
    char *exact = NULL;

    (void)state;
    http_reader_begin(&reader);
    for (size_t len = 1; len < text.len; len++) {
        exact = unit_exact((struct bytes){text.data, len});
        assert_int_equal(http_reader_read(&reader, (struct bytes){exact, len}, LEN_MAX), 0);
        free(exact);
    }
    exact = unit_exact(text);
    assert_int_equal(http_reader_read(&reader, (struct bytes){exact, text.len}, LEN_MAX), text.len);
    http_reader_fill(&reader, exact, &request);
    assert_text(request.method, "POST");
    assert_text(http_request_header(&request, BYTES("content-length")), "4");
    assert_text(request.body, "body");
    free(exact);
}

static void what_is_too_large_is_refused_as_soon_as_that_is_known(void **state)
{
    struct buffer text = {0};

    (void)state;
    assert_int_equal(read_first(BYTES(HEAD "Content-Length: 51\r\n\r\n")), 0);
    assert_int_equal(read_first(BYTES(HEAD "Content-Length: 52\r\n\r\n")), -413);
    assert_string_equal(http_reader_fault(&reader), "Payload too large.");
    assert_int_equal(read_first(BYTES(HEAD "Transfer-Encoding: chunked\r\n\r\n27\r\n")), 0);
    assert_int_equal(read_first(BYTES(HEAD "Transfer-Encoding: chunked\r\n\r\n28\r\n")), -413);
    assert_string_equal(http_reader_fault(&reader), "Payload too large.");
    buffer_append_text(&text, HEAD "X: ");
    while (text.len < LEN_MAX)
        buffer_append_char(&text, 'x');
    assert_int_equal(read_first(buffer_bytes(&text)), 0);
    buffer_append_char(&text, 'x');
    assert_int_equal(read_first(buffer_bytes(&text)), -413);
    buffer_append_text(&text, "\r\n\r\n");
    assert_int_equal(read_first(buffer_bytes(&text)), -413);
    buffer_deinit(&text);
}

static void a_refusal_says_why_wherever_it_comes_from(void **state)
{
    (void)state;
    assert_int_equal(read_first(BYTES("get")), -400);
    assert_non_null(strstr(http_reader_fault(&reader), "capitals"));
    assert_int_equal(read_first(BYTES(HEAD "Transfer-Encoding: chunked\r\n\r\nz")), -400);
    assert_non_null(strstr(http_reader_fault(&reader), "hex digits"));
}

static int free_reader(void **state)
{
    (void)state;
    http_reader_deinit(&reader);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_has_the_body_its_head_tells_of),
        cmocka_unit_test(the_next_request_has_nothing_of_the_one_before),
        cmocka_unit_test(a_text_may_move_while_it_grows),
        cmocka_unit_test(what_is_too_large_is_refused_as_soon_as_that_is_known),
        cmocka_unit_test(a_refusal_says_why_wherever_it_comes_from),
    };

    return cmocka_run_group_tests(tests, NULL, free_reader);
}
