#include "http/request.h"

#include "support/unit.h"

static const struct http_request request = {
    .headers = {{{"Host", 4}, {"a", 1}},
                {{"Connection", 10}, {"keep-alive ,\tUPGRADE", 20}},
                {{"connection", 10}, {"x", 1}},
                {{"Empty", 5}, {"", 0}}},
    .headers_count = 4,
};

static void headers_are_found_in_any_case(void **state)
{
    (void)state;
    assert_text(http_request_header(&request, BYTES("hOsT")), "a");
    assert_text(http_request_header(&request, BYTES("Empty")), "");
    assert_non_null(http_request_header(&request, BYTES("Empty")).data);
    assert_null(http_request_header(&request, BYTES("Hos")).data);
}

static void headers_of_a_name_are_counted_and_the_first_is_given(void **state)
{
    (void)state;
    assert_int_equal(http_request_header_count(&request, BYTES("CONNECTION")), 2);
    assert_int_equal(http_request_header_count(&request, BYTES("X")), 0);
    assert_text(http_request_header(&request, BYTES("Connection")), "keep-alive ,\tUPGRADE");
}

static void tokens_are_found_in_any_header_of_the_name(void **state)
{
    (void)state;
    assert_true(http_request_has_token(&request, BYTES("Connection"), BYTES("upgrade")));
    assert_true(http_request_has_token(&request, BYTES("Connection"), BYTES("Keep-Alive")));
    assert_true(http_request_has_token(&request, BYTES("Connection"), BYTES("X")));
    assert_false(http_request_has_token(&request, BYTES("Connection"), BYTES("keep")));
    assert_false(http_request_has_token(&request, BYTES("Host"), BYTES("x")));
    assert_false(http_request_has_token(&request, BYTES("Empty"), BYTES("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_found_in_any_case),
        cmocka_unit_test(headers_of_a_name_are_counted_and_the_first_is_given),
        cmocka_unit_test(tokens_are_found_in_any_header_of_the_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
