#include "observer/pretty.h"

#include "support/counted_mem.h"
#include "support/oracle.h"
#include "support/unit.h"

static void check(const char *json, size_t len_max, const char *should)
{
    char *exact = unit_exact(bytes_of(json));
    struct buffer out = {0};

    observer_pretty_append(&out, (struct bytes){exact, strlen(json)}, len_max);
    assert_bytes_equal(buffer_bytes(&out), bytes_of(should));
    buffer_deinit(&out);
    free(exact);
}

static void json_is_laid_out_over_lines(void **state)
{
    (void)state;
    check("{\"a\":1,\"b\":[true,\"x, {y}: \\\"z\\\\\"],\"c\":{}, \"d\" : [] }", 1000,
          "{\n    \"a\": 1,\n    \"b\": [\n        true,\n        \"x, {y}: \\\"z\\\\\"\n    ],\n"
          "    \"c\": {},\n    \"d\": []\n}");
    check("1", 10, "1");
    check("{}", 10, "{}");
    check(" \"a\" ", 10, "\"a\"");
}

static void data_and_channel_data_are_shown_as_the_json_they_hold(void **state)
{
    (void)state;
    check("{\"data\":\"{\\\"a\\\": [1]}\",\"b\":\"{}\"}", 1000,
          "{\n    \"data\": {\n        \"a\": [\n            1\n        ]\n    },\n"
          "    \"b\": \"{}\"\n}");
    check("{\"data\":{\"channel_data\":\"{\\\"user_id\\\":\\\"1\\\"}\"}}", 1000,
          "{\n    \"data\": {\n        \"channel_data\": {\n            \"user_id\": \"1\"\n"
          "        }\n    }\n}");
    check("{\"data\":\"hello\"}", 1000, "{\n    \"data\": \"hello\"\n}");
    check("{\"data\":\"1\"}", 1000, "{\n    \"data\": \"1\"\n}");
    check("{\"data\":\"{\\\"a\\\"\"}", 1000, "{\n    \"data\": \"{\\\"a\\\"\"\n}");
    check("{\"data\":\"{\\\"a\\\":1}\"}", 24, "{\n    \"data\": {\n        …");
    check("[\"data\",\"{}\"]", 1000, "[\n    \"data\",\n    \"{}\"\n]");
}

static void what_is_no_json_is_shown_as_it_is(void **state)
{
    (void)state;
    check("{\"a\":", 100, "{\"a\":");
    check("", 100, "");
    check("hello, world", 100, "hello, world");
}

static void what_is_long_is_cut_between_characters(void **state)
{
    (void)state;
    check("abcdef", 6, "abcdef");
    check("abcdefg", 6, "abcdef…");
    check("abcde\xc3\xa4", 6, "abcde…");
    check("abc\xf0\x9f\x98\x80", 6, "abc…");
    check("abc\xf0\x9f\x98\x80", 7, "abc\xf0\x9f\x98\x80");
    check("abc", 0, "…");
    check("\x80\x80\x80", 2, "\\x…");
}

static void nothing_reaches_the_terminal_but_text(void **state)
{
    (void)state;
    check("\x1b[2Jx", 100, "\\u001b[2Jx");
    check("{\"a\":\"\x7f\"}", 100, "{\n    \"a\": \"\\u007f\"\n}");
    check("not\njson", 100, "not\\njson");
}

/* How deep it is nested must not count: a line of 500 brackets would stand behind 2000 spaces. */
static void a_deep_message_costs_no_more_than_a_flat_one(void **state)
{
    const size_t depth = 500;
    struct buffer json = {0};
    struct buffer out = {0};

    (void)state;
    for (size_t i = 0; i < depth; i++)
        buffer_append_char(&json, '[');
    for (size_t i = 0; i < 9000; i++)
        buffer_append_text(&json, i == 0 ? "1" : ",1");
    for (size_t i = 0; i < depth; i++)
        buffer_append_char(&json, ']');
    counted_mem_bytes = 0;
    observer_pretty_append(&out, buffer_bytes(&json), 200);
    assert_in_range(counted_mem_bytes, 1, 16384);
    assert_in_range(out.len, 200, 203);
    buffer_deinit(&out);
    buffer_deinit(&json);
}

/* U+009B alone is as good as an escape and a bracket. */
static void controls_of_two_bytes_are_no_text_either(void **state)
{
    (void)state;
    check("\xc2\x9b"
          "2Jx",
          100, "\\u009b2Jx");
    check("\"\xc2\x9b"
          "2Jx\"",
          100, "\"\\u009b2Jx\"");
    check("\xc2\xa0x", 100, "\xc2\xa0x");
}

static void what_is_laid_out_is_the_same_json(void **state)
{
    static const char *const samples[] = {"{\"event\":\"a\",\"date\":\"{\\\"b\\\":[1,2]}\"}",
                                          "[[[]],{},{\"\":{\"\":[]}},\"\\\\\"]",
                                          "[\"\\\"\",\"{\",\"}\",\",\",\":\"]"};

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct buffer out = {0};
        json_t *before;
        json_t *after;

        observer_pretty_append(&out, bytes_of(samples[i]), 10000);
        assert_int_equal(oracle_text(bytes_of(samples[i]), &before), ORACLE_ACCEPTED);
        assert_int_equal(oracle_text(buffer_bytes(&out), &after), ORACLE_ACCEPTED);
        assert_true(json_equal(before, after));
        json_decref(before);
        json_decref(after);
        buffer_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_laid_out_over_lines),
        cmocka_unit_test(data_and_channel_data_are_shown_as_the_json_they_hold),
        cmocka_unit_test(what_is_no_json_is_shown_as_it_is),
        cmocka_unit_test(what_is_long_is_cut_between_characters),
        cmocka_unit_test(nothing_reaches_the_terminal_but_text),
        cmocka_unit_test(a_deep_message_costs_no_more_than_a_flat_one),
        cmocka_unit_test(controls_of_two_bytes_are_no_text_either),
        cmocka_unit_test(what_is_laid_out_is_the_same_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
