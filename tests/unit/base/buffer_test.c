#include "base/buffer.h"

#include "support/unit.h"

static void an_empty_buffer_owns_nothing_and_reads_as_an_empty_text(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    assert_non_null(buffer_bytes(&buffer).data);
    assert_int_equal(buffer_bytes(&buffer).len, 0);
    buffer_append(&buffer, NULL, 0);
    buffer_append_bytes(&buffer, BYTES_NONE);
    buffer_consume(&buffer, 0);
    assert_null(buffer.data);
    assert_string_equal(buffer_text(&buffer), "");
    buffer_deinit(&buffer);
    assert_null(buffer.data);
}

static void what_is_appended_stands_one_behind_the_other(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_append(&buffer, "ab", 2);
    buffer_append_bytes(&buffer, BYTES("cd"));
    buffer_append_text(&buffer, "ef");
    buffer_append_char(&buffer, 'g');
    buffer_append_number(&buffer, 0);
    buffer_append_number(&buffer, UINT64_MAX);
    buffer_printf(&buffer, "%s-%d", "h", -1);
    assert_text(buffer_bytes(&buffer), "abcdefg018446744073709551615h--1");
    assert_string_equal(buffer_text(&buffer), "abcdefg018446744073709551615h--1");
    buffer_deinit(&buffer);
}

static void it_grows_through_every_size(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    for (size_t i = 0; i < 5000; i++) {
        buffer_append_char(&buffer, (char)i);
        assert_string_equal(buffer_text(&buffer) + buffer.len, "");
    }
    buffer_printf(&buffer, "%5000s", "x");
    assert_int_equal(buffer.len, 10000);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(buffer.data[i], (char)i);
    buffer_deinit(&buffer);
}

static void what_is_consumed_is_gone_from_the_front(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_append_text(&buffer, "abcdef");
    buffer_consume(&buffer, 2);
    assert_text(buffer_bytes(&buffer), "cdef");
    buffer_consume(&buffer, 4);
    assert_int_equal(buffer.len, 0);
    buffer_append_text(&buffer, "x");
    assert_text(buffer_bytes(&buffer), "x");
    buffer_deinit(&buffer);
}

static void clearing_keeps_the_memory(void **state)
{
    struct buffer buffer = {0};
    const char *data;

    (void)state;
    buffer_append_text(&buffer, "abcdef");
    data = buffer.data;
    buffer_clear(&buffer);
    assert_int_equal(buffer.len, 0);
    assert_ptr_equal(buffer_reserve(&buffer, 6), data);
    buffer_deinit(&buffer);
}

static void what_was_large_once_is_not_kept(void **state)
{
    struct buffer buffer = {0};

    (void)state;
    buffer_reserve(&buffer, BUFFER_KEPT_BYTES);
    buffer_clear(&buffer);
    assert_int_equal(buffer.cap, BUFFER_KEPT_BYTES);
    buffer_reserve(&buffer, BUFFER_KEPT_BYTES + 1);
    buffer_clear(&buffer);
    assert_int_equal(buffer.cap, 0);

    buffer_reserve(&buffer, BUFFER_KEPT_BYTES + 1);
    buffer_append_text(&buffer, "ab");
    buffer_consume(&buffer, 1);
    assert_text(buffer_bytes(&buffer), "b");
    assert_true(buffer.cap > BUFFER_KEPT_BYTES);
    buffer_consume(&buffer, 1);
    assert_int_equal(buffer.cap, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_owns_nothing_and_reads_as_an_empty_text),
        cmocka_unit_test(what_is_appended_stands_one_behind_the_other),
        cmocka_unit_test(it_grows_through_every_size),
        cmocka_unit_test(what_is_consumed_is_gone_from_the_front),
        cmocka_unit_test(clearing_keeps_the_memory),
        cmocka_unit_test(what_was_large_once_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
