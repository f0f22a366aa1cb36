#include "bench/stamp.h"

#include "support/unit.h"

static void stamp_is_found_wherever_it_stands(void **state)
{
    const struct bench_stamp stamp = {3, 0xfedcba98, UINT64_C(0x0123456789abcdef)};
    struct bench_stamp found;
    size_t hint = 1000;

    (void)state;
    for (size_t at = 0; at < 40; at++) {
        char text[40 + BENCH_STAMP_LEN];

        memset(text, '@', sizeof text);
        bench_stamp_write(text + at, stamp);
        assert_true(bench_stamp_find((struct bytes){text, at + BENCH_STAMP_LEN}, &hint, &found));
        assert_int_equal(hint, at);
        assert_int_equal(found.sender, 3);
        assert_int_equal(found.number, 0xfedcba98);
        assert_true(found.sent_ns == stamp.sent_ns);
    }
}

static void half_a_stamp_is_none(void **state)
{
    char text[BENCH_STAMP_LEN];
    struct bench_stamp found;

    (void)state;
    bench_stamp_write(text, (struct bench_stamp){0, 0, 0});
    for (size_t len = 0; len < sizeof text; len++) {
        char *copy = unit_exact((struct bytes){text, len});
        size_t hint = 0;

        assert_false(bench_stamp_find((struct bytes){copy, len}, &hint, &found));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamp_is_found_wherever_it_stands),
        cmocka_unit_test(half_a_stamp_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
