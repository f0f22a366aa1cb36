#include "base/jsonscan.h"

#include "support/oracle.h"
#include "support/unit.h"

/* From memory of exactly that length. */
static bool is_json(struct bytes text)
{
    char *exact = unit_exact(text);
    struct jsonscan_value value;
    const bool is_one = jsonscan_parse((struct bytes){exact, text.len}, &value);

    free(exact);
    return is_one;
}

static void check_all(const char *const *texts, size_t count, bool is_right)
{
    for (size_t i = 0; i < count; i++)
        if (is_json(bytes_of(texts[i])) != is_right)
            fail_msg("%s is %s", texts[i], is_right ? "refused" : "taken");
}

#define CHECK_ALL(texts, is_right) check_all(texts, sizeof(texts) / sizeof(texts)[0], is_right)

static void every_form_of_the_rfc_is_taken(void **state)
{
    static const char *const right[] = {
        "null",
        "true",
        "false",
        " \t\r\nnull \t\r\n",
        "0",
        "-0",
        "10",
        "-1",
        "0.5",
        "-0.5e10",
        "1E5",
        "1e+5",
        "1e-5",
        "123456789012345678901234567890",
        "\"\"",
        "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\"",
        "\"\\u00e9\\uFFFF\"",
        "\"\\ud83d\\ude00\"",
        "\"\\uDBFF\\uDFFF\"",
        "\"\x7f\"",
        "\"h\xc3\xa4lf\"",
        "[]",
        "[ ]",
        "[1]",
        "[1,2]",
        "[ 1 , 2 ]",
        "[[],[[]]]",
        "{}",
        "{ }",
        "{\"a\":1}",
        " { \"a\" : [ ] , \"b\" : { } } ",
        "{\"\":0}",
        "{\"a\":1,\"a\":2}",
        "\"12345678\"",
        "\"1234567\"",
        "\"1234567\\n12345678\"",
    };

    (void)state;
    CHECK_ALL(right, true);
}

static const char *const no_json[] = {
    "",
    " ",
    "nul",
    "nulll",
    "NULL",
    "True",
    "tru",
    "fals",
    "undefined",
    "NaN",
    "Infinity",
    "-Infinity",
    "+1",
    "-",
    "--1",
    "01",
    "-01",
    "1.",
    ".5",
    "1.e5",
    "1e",
    "1e+",
    "1ee5",
    "0x1",
    "1 2",
    "1,",
    "\"",
    "\"a",
    "'a'",
    "\"\\\"",
    "\"\\x41\"",
    "\"\\a\"",
    "\"\\u12\"",
    "\"\\u123g\"",
    "\"\\u\"",
    "\"\\ud83d\"",
    "\"\\ud83d\\n\"",
    "\"\\ud83d\\u0041\"",
    "\"\\ud83d\\ud83d\"",
    "\"\\ude00\"",
    "\"\\ude00\\ud83d\"",
    "\"\t\"",
    "\"\n\"",
    "\"\x01\"",
    "\"1234567\x1f\"",
    "[",
    "]",
    "[,]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1;2]",
    "[1}",
    "{",
    "}",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{a:1}",
    "{1:1}",
    "{\"a\" 1}",
    "{\"a\"::1}",
    "{\"a\":1]",
    "[]]",
    "{}{}",
    "[] []",
    "//x\n1",
    "/**/1",
    "\xef\xbb\xbf[]",
};

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    CHECK_ALL(no_json, false);
    assert_false(is_json((struct bytes){"1\0", 2}));
    assert_false(is_json((struct bytes){"\"\0\"", 3}));
}

static struct bytes nested(struct buffer *out, size_t depth, const char *open, const char *close)
{
    for (size_t i = 0; i < depth; i++)
        buffer_append_text(out, open);
    buffer_append_text(out, "1");
    for (size_t i = 0; i < depth; i++)
        buffer_append_text(out, close);
    return buffer_bytes(out);
}

static void nesting_has_a_limit(void **state)
{
    struct buffer arrays = {0};
    struct buffer objects = {0};
    struct buffer bottomless = {0};

    (void)state;
    assert_true(is_json(nested(&arrays, JSONSCAN_DEPTH_MAX, "[", "]")));
    assert_true(is_json(nested(&objects, JSONSCAN_DEPTH_MAX, "{\"a\":", "}")));
    assert_true(jsonscan_object(buffer_bytes(&objects), NULL, 0));
    buffer_clear(&arrays);
    buffer_clear(&objects);
    assert_false(is_json(nested(&arrays, JSONSCAN_DEPTH_MAX + 1, "[", "]")));
    assert_false(is_json(nested(&objects, JSONSCAN_DEPTH_MAX + 1, "{\"a\":", "}")));
    assert_false(jsonscan_object(buffer_bytes(&objects), NULL, 0));
    for (int i = 0; i < 1000000; i++)
        buffer_append_char(&bottomless, '[');
    assert_false(is_json(buffer_bytes(&bottomless)));
    buffer_deinit(&arrays);
    buffer_deinit(&objects);
    buffer_deinit(&bottomless);
}

static void a_value_says_its_type_and_what_was_sent(void **state)
{
    static const struct {
        const char *text;
        enum jsonscan_type type;
        const char *raw;
        bool has_escapes;
    } should[] = {
        {" null ", JSONSCAN_NULL, "null", false},
        {"true", JSONSCAN_BOOL, "true", false},
        {"false", JSONSCAN_BOOL, "false", false},
        {"\n-1.5e3\n", JSONSCAN_NUMBER, "-1.5e3", false},
        {" \"a b\" ", JSONSCAN_STRING, "\"a b\"", false},
        {"\"a\\nb\"", JSONSCAN_STRING, "\"a\\nb\"", true},
        {" [ \"a\\n\" ] ", JSONSCAN_ARRAY, "[ \"a\\n\" ]", false},
        {" { } ", JSONSCAN_OBJECT, "{ }", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof should / sizeof should[0]; i++) {
        struct jsonscan_value value;

        assert_true(jsonscan_parse(bytes_of(should[i].text), &value));
        assert_int_equal(value.type, should[i].type);
        assert_bytes_equal(value.raw, bytes_of(should[i].raw));
        assert_int_equal(value.has_escapes, should[i].has_escapes);
    }
}

static void the_wanted_members_are_found_and_others_passed_over(void **state)
{
    struct jsonscan_field fields[] = {
        {.name = BYTES("event")}, {.name = BYTES("data")}, {.name = BYTES("missing")}};

    (void)state;
    assert_true(jsonscan_object(BYTES(" {\"x\":{\"event\":0},\"data\" : [1] ,\"event\":\"e\"} "),
                                fields, 3));
    assert_text(fields[0].value.raw, "\"e\"");
    assert_text(fields[1].value.raw, "[1]");
    assert_int_equal(fields[2].value.type, JSONSCAN_ABSENT);
    assert_true(jsonscan_object(BYTES("{}"), fields, 3));
    assert_int_equal(fields[0].value.type, JSONSCAN_ABSENT);
}

static void of_two_members_of_a_name_the_last_counts(void **state)
{
    struct jsonscan_field fields[] = {{.name = BYTES("a")}};

    (void)state;
    assert_true(jsonscan_object(BYTES("{\"a\":1,\"a\":\"\\n\",\"a\":3}"), fields, 1));
    assert_text(fields[0].value.raw, "3");
    assert_true(jsonscan_object(BYTES("{\"a\":1,\"a\":null}"), fields, 1));
    assert_int_equal(fields[0].value.type, JSONSCAN_NULL);
}

static void a_name_counts_by_what_it_says_not_by_how_it_is_written(void **state)
{
    struct jsonscan_field fields[] = {{.name = BYTES("event")}, {.name = BYTES("\xc3\xa4")}};

    (void)state;
    assert_true(jsonscan_object(BYTES("{\"\\u0065vent\":1,\"\\u00E4\":2}"), fields, 2));
    assert_text(fields[0].value.raw, "1");
    assert_text(fields[1].value.raw, "2");
}

static void what_is_no_object_has_no_members(void **state)
{
    static const char *const wrong[] = {"", "[]", "1", "\"{}\"", "null", "{} 1", "{", "{\"a\":1"};
    struct jsonscan_field fields[] = {{.name = BYTES("a")}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(jsonscan_object(bytes_of(wrong[i]), fields, 1));
}

static void of_an_object_that_is_none_as_a_whole_no_field_is_known(void **state)
{
    static const char *const wrong[] = {"{\"a\":1", "{\"a\":1,", "{\"a\":1}x", "{\"a\":1,}"};
    struct jsonscan_field fields[] = {{.name = BYTES("a")}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(jsonscan_object(bytes_of(wrong[i]), fields, 1));
        assert_int_equal(fields[0].value.type, JSONSCAN_ABSENT);
    }
}

static void the_values_of_an_object_come_one_after_the_other(void **state)
{
    static const char *const should[] = {"1", "\"b\"", "{\"x\":[2]}", "[{}]", "null"};
    struct bytes rest =
        BYTES("{ \"0\" : 1 ,\"a\":\"b\",\"c\":{\"x\":[2]} , \"\":[{}],\"e\":null }");
    struct jsonscan_value element;

    (void)state;
    for (size_t i = 0; i < sizeof should / sizeof should[0]; i++) {
        assert_true(jsonscan_next_element(&rest, &element));
        assert_bytes_equal(element.raw, bytes_of(should[i]));
    }
    assert_false(jsonscan_next_element(&rest, &element));
    assert_false(jsonscan_next_element(&rest, &element));
}

static void the_elements_of_an_array_come_one_after_the_other(void **state)
{
    const struct bytes array = BYTES("[ 1 ,\"a,]\\\"\",[2,[3]] , {\"b\":[4]},null ]");
    static const char *const should[] = {"1", "\"a,]\\\"\"", "[2,[3]]", "{\"b\":[4]}", "null"};
    struct bytes rest = array;
    struct jsonscan_value element;

    (void)state;
    for (size_t i = 0; i < sizeof should / sizeof should[0]; i++) {
        assert_true(jsonscan_next_element(&rest, &element));
        assert_bytes_equal(element.raw, bytes_of(should[i]));
    }
    assert_false(jsonscan_next_element(&rest, &element));
    assert_false(jsonscan_next_element(&rest, &element));
}

static void an_empty_array_has_no_elements(void **state)
{
    static const char *const empty[] = {"[]", "[ ]", "[\n\t]", "{}", "{ }"};
    struct jsonscan_value element;

    (void)state;
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        struct bytes rest = bytes_of(empty[i]);

        assert_false(jsonscan_next_element(&rest, &element));
    }
}

static void strings_without_escapes_are_borrowed_and_others_decoded(void **state)
{
    struct buffer scratch = {0};
    struct jsonscan_value value;
    const struct bytes plain = BYTES("\"plain\"");

    (void)state;
    assert_true(jsonscan_parse(plain, &value));
    assert_ptr_equal(jsonscan_text(&value, &scratch).data, plain.data + 1);
    assert_true(jsonscan_parse(BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\tx\\u0041\\u00e9\\u20aC"
                                     "\\ud83d\\ude00\\uDBFF\\uDFFFy\""),
                               &value));
    assert_text(jsonscan_text(&value, &scratch),
                "\"\\/\b\f\n\r\txA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbfy");
    assert_true(jsonscan_parse(BYTES("\"a\\u0000b\""), &value));
    assert_bytes_equal(jsonscan_text(&value, &scratch), (struct bytes){"a\0b", 3});
    buffer_deinit(&scratch);
}

/* --- against jansson ------------------------------------------------------------------------ */

static void compare(const struct jsonscan_value *value, const json_t *oracled);

static void compare_array(struct bytes raw, const json_t *oracled)
{
    struct jsonscan_value element;
    size_t count = 0;

    while (jsonscan_next_element(&raw, &element))
        compare(&element, json_array_get(oracled, count++));
    assert_int_equal(count, json_array_size(oracled));
}

static void compare_object(struct bytes raw, json_t *oracled)
{
    const char *name;
    json_t *member;

    json_object_foreach(oracled, name, member)
    {
        struct jsonscan_field field = {.name = bytes_of(name)};

        assert_true(jsonscan_object(raw, &field, 1));
        compare(&field.value, member);
    }
}

static void compare(const struct jsonscan_value *value, const json_t *oracled)
{
    struct buffer scratch = {0};

    switch (value->type) {
    case JSONSCAN_NULL:
        assert_true(json_is_null(oracled));
        break;
    case JSONSCAN_BOOL:
        assert_int_equal(value->raw.data[0] == 't', json_is_true(oracled));
        assert_true(json_is_boolean(oracled));
        break;
    case JSONSCAN_NUMBER:
        assert_true(json_is_real(oracled));
        break;
    case JSONSCAN_STRING:
        assert_true(json_is_string(oracled));
        assert_bytes_equal(jsonscan_text(value, &scratch), oracle_string(oracled));
        break;
    case JSONSCAN_ARRAY:
        assert_true(json_is_array(oracled));
        compare_array(value->raw, oracled);
        break;
    case JSONSCAN_OBJECT:
        assert_true(json_is_object(oracled));
        compare_object(value->raw, (json_t *)(uintptr_t)oracled);
        break;
    case JSONSCAN_ABSENT:
        fail();
    }
    buffer_deinit(&scratch);
}

static void oracle(struct bytes text)
{
    char *exact = unit_exact(text);
    struct jsonscan_value value;
    const bool is_one = jsonscan_parse((struct bytes){exact, text.len}, &value);
    json_t *oracled;
    const enum oracle_verdict verdict = oracle_text(text, &oracled);

    if (verdict != ORACLE_UNDECIDED && is_one != (verdict == ORACLE_ACCEPTED))
        fail_msg("\"%.*s\" is %s", BYTES_ARGS(text), is_one ? "taken" : "refused");
    if (verdict == ORACLE_ACCEPTED)
        compare(&value, oracled);
    json_decref(oracled);
    free(exact);
}

/* Pieces that make JSON often, and nearly JSON as often. */
static void append_noise(struct buffer *out, struct unit_random *random)
{
    static const char *const pieces[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         ",",
                                         ":",
                                         "\"",
                                         "\"a\"",
                                         "\"b\"",
                                         "1",
                                         "-0.5e2",
                                         "true",
                                         "null",
                                         " ",
                                         "\n",
                                         "\\",
                                         "\\n",
                                         "\\u00",
                                         "\\u0041",
                                         "\\ud83d",
                                         "\\ude00",
                                         "\xc3\xa4",
                                         "\"\\u0000\"",
                                         "0",
                                         "{\"a\":",
                                         "[1,",
                                         "\"x\":",
                                         "e5",
                                         "\"long enough for a word\"",
                                         ".",
                                         "\x01",
                                         "f"};

    for (size_t count = 1 + unit_random_below(random, 14); count > 0; count--)
        buffer_append_text(out,
                           pieces[unit_random_below(random, sizeof pieces / sizeof pieces[0])]);
}

static void noise_is_judged_as_jansson_judges_it(void **state)
{
    struct unit_random random = {1};
    struct buffer text = {0};

    (void)state;
    for (int i = 0; i < 200000; i++) {
        buffer_clear(&text);
        append_noise(&text, &random);
        oracle(buffer_bytes(&text));
    }
    buffer_deinit(&text);
}

static void append_value(struct buffer *out, struct unit_random *random, int depth)
{
    const size_t kind = unit_random_below(random, depth > 0 ? 7 : 5);
    const size_t count = unit_random_below(random, 4);

    if (unit_random_below(random, 8) == 0)
        buffer_append_char(out, ' ');
    if (kind < 2) {
        static const char *const plain[] = {"null", "true", "-12.5E-1", "0", "false"};

        buffer_append_text(out, plain[unit_random_below(random, 5)]);
    } else if (kind < 5) {
        static const char *const strings[] = {"\"\"", "\"\\ud83d\\ude00 \\\"\"",
                                              "\"plain text, longer than a word\"",
                                              "\"\\u0000\\/\"", "\"\xe2\x82\xac\""};

        buffer_append_text(out, strings[unit_random_below(random, 5)]);
    } else {
        buffer_append_char(out, kind == 5 ? '[' : '{');
        for (size_t i = 0; i < count; i++) {
            if (i > 0)
                buffer_append_char(out, ',');
            if (kind == 6)
                buffer_printf(out, "\"%zu\" :", unit_random_below(random, 3));
            append_value(out, random, depth - 1);
        }
        buffer_append_char(out, kind == 5 ? ']' : '}');
    }
}

static void values_of_every_shape_mean_what_jansson_says(void **state)
{
    struct unit_random random = {2};
    struct buffer text = {0};

    (void)state;
    for (int i = 0; i < 5000; i++) {
        buffer_clear(&text);
        append_value(&text, &random, 6);
        oracle(buffer_bytes(&text));
    }
    buffer_deinit(&text);
}

static const char *const samples[] = {
    /* longer than two of the blocks that are looked at in one step */
    "\"0123456789abcdef0123456789abcdef0123\"",
    "{\"event\":\"pusher:subscribe\",\"data\":{\"auth\":\"key:0af\",\"channel\":\"private-a\"}}",
    ("{\"event\":\"client-\\ud83d\\ude00\",\"channel\":\"presence-b\",\"data\":\"{\\\"a\\\":[1,2]}"
     "\"}"),
    "[null,true,false,-0.5e+10,\"\\u00e9\xc3\xa9\",{\"a\":{\"b\":[[],{}]}}]",
};

static void every_prefix_of_a_text_is_judged_as_jansson_judges_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        for (size_t len = 0; len <= strlen(samples[i]); len++)
            oracle((struct bytes){samples[i], len});
}

static void every_damaged_byte_is_judged_as_jansson_judges_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char *text = unit_exact(bytes_of(samples[i]));
        const size_t len = strlen(samples[i]);

        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                oracle((struct bytes){text, len});
            }
            text[at] = samples[i][at];
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_the_rfc_is_taken),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(a_value_says_its_type_and_what_was_sent),
        cmocka_unit_test(the_wanted_members_are_found_and_others_passed_over),
        cmocka_unit_test(of_two_members_of_a_name_the_last_counts),
        cmocka_unit_test(a_name_counts_by_what_it_says_not_by_how_it_is_written),
        cmocka_unit_test(what_is_no_object_has_no_members),
        cmocka_unit_test(the_elements_of_an_array_come_one_after_the_other),
        cmocka_unit_test(the_values_of_an_object_come_one_after_the_other),
        cmocka_unit_test(of_an_object_that_is_none_as_a_whole_no_field_is_known),
        cmocka_unit_test(an_empty_array_has_no_elements),
        cmocka_unit_test(strings_without_escapes_are_borrowed_and_others_decoded),
        cmocka_unit_test(noise_is_judged_as_jansson_judges_it),
        cmocka_unit_test(values_of_every_shape_mean_what_jansson_says),
        cmocka_unit_test(every_prefix_of_a_text_is_judged_as_jansson_judges_it),
        cmocka_unit_test(every_damaged_byte_is_judged_as_jansson_judges_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
