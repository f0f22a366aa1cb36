#include "http/date.h"

#include "support/unit.h"

static void check(time_t at_s, const char *should)
{
    char *line = malloc(HTTP_DATE_LINE_LEN);

    assert_non_null(line);
    http_date_write(at_s, line);
    assert_bytes_equal((struct bytes){line, HTTP_DATE_LINE_LEN}, bytes_of(should));
    free(line);
}

static void a_time_is_written_as_the_rfc_says(void **state)
{
    (void)state;
    check(784111777, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    check(0, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
    check(1709251199, "Date: Thu, 29 Feb 2024 23:59:59 GMT\r\n");
    check(253402300799, "Date: Fri, 31 Dec 9999 23:59:59 GMT\r\n");
}

static void the_line_of_now_goes_on_with_the_clock(void **state)
{
    char before[HTTP_DATE_LINE_LEN];
    char after[HTTP_DATE_LINE_LEN];
    struct bytes line;

    (void)state;
    http_date_write(time(NULL), before);
    line = http_date_line();
    http_date_write(time(NULL), after);
    assert_int_equal(line.len, HTTP_DATE_LINE_LEN);
    assert_true(memcmp(line.data, before, line.len) == 0 ||
                memcmp(line.data, after, line.len) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_written_as_the_rfc_says),
        cmocka_unit_test(the_line_of_now_goes_on_with_the_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
