#include "base/printable.h"

#include "support/oracle.h"
#include "support/unit.h"

/* These tests are about such characters: NOLINTBEGIN(misc-misleading-bidirectional) */

static void check(struct bytes text, const char *should)
{
    char *exact = unit_exact(text);
    struct buffer out = {0};

    printable_append(&out, (struct bytes){exact, text.len});
    assert_bytes_equal(buffer_bytes(&out), bytes_of(should));
    buffer_deinit(&out);
    free(exact);
}

static void text_stays_as_it_is(void **state)
{
    (void)state;
    check(BYTES(""), "");
    check(BYTES("a \"quoted\" \\ word"), "a \"quoted\" \\ word");
    check(BYTES("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \xc2\xa0"),
          "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \xc2\xa0");
}

static void controls_are_named(void **state)
{
    (void)state;
    check(BYTES("a\r\n\tb"), "a\\r\\n\\tb");
    check(BYTES("\x1b[2J\x7f"), "\\u001b[2J\\u007f");
    check(BYTES("admin\0x"), "admin\\u0000x");
    /* U+009B alone is as good as an escape and a bracket. */
    check(BYTES("\xc2\x9b"
                "2J"),
          "\\u009b2J");
}

static void who_turns_the_direction_of_writing_is_named(void **state)
{
    (void)state;
    check(BYTES("\xe2\x80\xae"
                "gpj.exe"),
          "\\u202egpj.exe");
    check(BYTES("\xe2\x80\xa8\xe2\x81\xa6"), "\\u2028\\u2066");
}

static void bytes_that_are_no_text_are_numbers(void **state)
{
    (void)state;
    check(BYTES("\x80"), "\\x80");
    check(BYTES("a\xff\xfe"), "a\\xff\\xfe");
    check(BYTES("\xe2\x82"), "\\xe2\\x82");
    check(BYTES("\xc0\x8a"), "\\xc0\\x8a");
    check(BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

static void no_byte_of_any_kind_gets_through_as_a_control(void **state)
{
    (void)state;
    for (int first = 0; first < 256; first++)
        for (int second = 0; second < 256; second++) {
            const char text[] = {(char)first, (char)second};
            struct buffer out = {0};

            printable_append(&out, (struct bytes){text, 2});
            for (size_t i = 0; i < out.len; i++) {
                const unsigned char c = (unsigned char)out.data[i];

                assert_true(c >= 0x20 && c != 0x7f);
                assert_false(c == 0xc2 && (unsigned char)out.data[i + 1] < 0xa0);
            }
            buffer_deinit(&out);
        }
}

static void json_says_the_same_in_one_line(void **state)
{
    const struct bytes json =
        BYTES("{\"a\":\r\n\t[1, \"\xc2\x9b\x7f\xe2\x80\xae\xc3\xa4\\u0007\"]}");
    struct buffer out = {0};
    json_t *before;
    json_t *after;

    (void)state;
    printable_append_json(&out, json);
    assert_text(buffer_bytes(&out), "{\"a\":   [1, \"\\u009b\\u007f\\u202e\xc3\xa4\\u0007\"]}");
    assert_int_equal(oracle_text(json, &before), ORACLE_ACCEPTED);
    assert_int_equal(oracle_text(buffer_bytes(&out), &after), ORACLE_ACCEPTED);
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    buffer_deinit(&out);
}

static void a_line_is_printed_whole(void **state)
{
    FILE *file = tmpfile();
    char text[64];
    size_t len;

    (void)state;
    assert_non_null(file);
    printable_print_line(file, "%s answered %d: %s", "x", 404, "no\nsuch \x1b[1mthing");
    rewind(file);
    len = fread(text, 1, sizeof text, file);
    assert_text(((struct bytes){text, len}), "x answered 404: no\\nsuch \\u001b[1mthing\n");
    fclose(file);
}

/* NOLINTEND(misc-misleading-bidirectional) */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_as_it_is),
        cmocka_unit_test(controls_are_named),
        cmocka_unit_test(who_turns_the_direction_of_writing_is_named),
        cmocka_unit_test(bytes_that_are_no_text_are_numbers),
        cmocka_unit_test(no_byte_of_any_kind_gets_through_as_a_control),
        cmocka_unit_test(json_says_the_same_in_one_line),
        cmocka_unit_test(a_line_is_printed_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
