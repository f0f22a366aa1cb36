#include "base/bytes.h"

#include "support/unit.h"

#include <inttypes.h>

static void texts_are_equal_by_length_and_content(void **state)
{
    (void)state;
    assert_true(bytes_equal(BYTES("abc"), BYTES("abc")));
    assert_false(bytes_equal(BYTES("abc"), BYTES("abd")));
    assert_false(bytes_equal(BYTES("abc"), BYTES("ab")));
    assert_true(bytes_equal(BYTES(""), BYTES_NONE));
    assert_true(bytes_equal((struct bytes){"a\0b", 3}, (struct bytes){"a\0b", 3}));
    assert_false(bytes_equal((struct bytes){"a\0b", 3}, (struct bytes){"a\0c", 3}));
    assert_true(bytes_equal_ignoring_case(BYTES("Host"), BYTES("hOST")));
    assert_false(bytes_equal_ignoring_case(BYTES("Host"), BYTES("Hos")));
    assert_false(bytes_equal_ignoring_case(BYTES("a@"), BYTES("a`")));
}

static void a_text_starts_with_its_prefixes(void **state)
{
    (void)state;
    assert_true(bytes_starts_with(BYTES("private-a"), BYTES("private-")));
    assert_true(bytes_starts_with(BYTES("a"), BYTES("a")));
    assert_true(bytes_starts_with(BYTES("a"), BYTES("")));
    assert_true(bytes_starts_with(BYTES_NONE, BYTES("")));
    assert_false(bytes_starts_with(BYTES("a"), BYTES("ab")));
    assert_false(bytes_starts_with(BYTES("ba"), BYTES("a")));
}

static void the_rest_of_a_text_is_never_beyond_it(void **state)
{
    (void)state;
    assert_text(bytes_from(BYTES("abc"), 1), "bc");
    assert_text(bytes_from(BYTES("abc"), 3), "");
    assert_text(bytes_from(BYTES("abc"), 9), "");
    assert_non_null(bytes_from(BYTES_NONE, 0).data);
}

static void blanks_are_trimmed_at_both_ends_only(void **state)
{
    (void)state;
    assert_text(bytes_trim(BYTES(" \t a b\t ")), "a b");
    assert_text(bytes_trim(BYTES(" \t ")), "");
    assert_text(bytes_trim(BYTES("")), "");
    assert_text(bytes_trim(BYTES("\na\r")), "\na\r");
}

static void a_list_falls_into_its_pieces(void **state)
{
    struct bytes rest = BYTES("a,,b,");
    struct bytes piece;

    (void)state;
    assert_true(bytes_next(&rest, ',', &piece));
    assert_text(piece, "a");
    assert_true(bytes_next(&rest, ',', &piece));
    assert_text(piece, "");
    assert_true(bytes_next(&rest, ',', &piece));
    assert_text(piece, "b");
    assert_true(bytes_next(&rest, ',', &piece));
    assert_text(piece, "");
    assert_false(bytes_next(&rest, ',', &piece));
    assert_false(bytes_next(&rest, ',', &piece));
    rest = BYTES("");
    assert_true(bytes_next(&rest, ',', &piece));
    assert_text(piece, "");
    assert_false(bytes_next(&rest, ',', &piece));
}

static void the_last_of_several_is_found(void **state)
{
    const struct bytes text = BYTES("a:b:c");

    (void)state;
    assert_ptr_equal(bytes_find_last(text, ':'), text.data + 3);
    assert_ptr_equal(bytes_find_last(text, 'a'), text.data);
    assert_null(bytes_find_last(text, 'x'));
    assert_null(bytes_find_last(BYTES_NONE, ':'));
}

static void only_digits_are_a_number(void **state)
{
    static const char *const wrong[] = {"", " 1", "1 ", "+1", "-1", "1.0", "0x1", "1a", "a"};
    uint64_t number = 7;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(bytes_to_number(bytes_of(wrong[i]), UINT64_MAX, &number));
    assert_int_equal(number, 7);
    assert_true(bytes_to_number(BYTES("007"), 7, &number));
    assert_int_equal(number, 7);
}

static void a_number_over_its_maximum_is_none(void **state)
{
    static const uint64_t maxima[] = {0,  1,   5,     8,          9,          10,        11,
                                      99, 100, 65535, UINT32_MAX, UINT64_MAX, INT64_MAX, 15};

    (void)state;
    for (size_t i = 0; i < sizeof maxima / sizeof maxima[0]; i++) {
        char text[32];
        uint64_t number;

        snprintf(text, sizeof text, "%llu", (unsigned long long)maxima[i]);
        assert_true(bytes_to_number(bytes_of(text), maxima[i], &number));
        assert_int_equal(number, maxima[i]);
        for (uint64_t more = 1; more < 200 && maxima[i] + more > maxima[i]; more++) {
            snprintf(text, sizeof text, "%" PRIu64, maxima[i] + more);
            if (bytes_to_number(bytes_of(text), maxima[i], &number))
                fail_msg("%s is taken where %llu is the most", text, (unsigned long long)maxima[i]);
        }
        snprintf(text, sizeof text, "%llu0", (unsigned long long)maxima[i]);
        assert_int_equal(bytes_to_number(bytes_of(text), maxima[i], &number), maxima[i] == 0);
    }
}

static void numbers_too_long_for_64_bits_are_none(void **state)
{
    uint64_t number;

    (void)state;
    assert_true(bytes_to_number(BYTES("18446744073709551615"), UINT64_MAX, &number));
    assert_false(bytes_to_number(BYTES("18446744073709551616"), UINT64_MAX, &number));
    assert_false(bytes_to_number(BYTES("99999999999999999999999"), UINT64_MAX, &number));
}

static void a_copy_ends_with_nul(void **state)
{
    char *copy = bytes_copy(BYTES("abc"));
    char *empty = bytes_copy(BYTES_NONE);

    (void)state;
    assert_string_equal(copy, "abc");
    assert_string_equal(empty, "");
    assert_null(bytes_of(NULL).data);
    free(copy);
    free(empty);
}

static void a_copy_of_ones_own_keeps_every_byte(void **state)
{
    struct bytes own = bytes_clone(BYTES("admin\0x"));

    (void)state;
    assert_text(own, "admin\0x");
    bytes_free(&own);
    assert_null(own.data);
    bytes_free(&own);
    assert_null(bytes_clone(BYTES_NONE).data);
    own = bytes_clone(BYTES(""));
    assert_non_null(own.data);
    bytes_free(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_equal_by_length_and_content),
        cmocka_unit_test(a_text_starts_with_its_prefixes),
        cmocka_unit_test(the_rest_of_a_text_is_never_beyond_it),
        cmocka_unit_test(blanks_are_trimmed_at_both_ends_only),
        cmocka_unit_test(a_list_falls_into_its_pieces),
        cmocka_unit_test(the_last_of_several_is_found),
        cmocka_unit_test(only_digits_are_a_number),
        cmocka_unit_test(a_number_over_its_maximum_is_none),
        cmocka_unit_test(numbers_too_long_for_64_bits_are_none),
        cmocka_unit_test(a_copy_ends_with_nul),
        cmocka_unit_test(a_copy_of_ones_own_keeps_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
