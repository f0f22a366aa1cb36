#include "base/jsonwrite.h"

#include "support/oracle.h"
#include "support/unit.h"

static void check_round_trip(struct bytes text)
{
    struct buffer json = {0};
    json_t *root;

    jsonwrite_string(&json, text);
    assert_int_equal(oracle_text(buffer_bytes(&json), &root), ORACLE_ACCEPTED);
    assert_bytes_equal(oracle_string(root), text);
    json_decref(root);
    buffer_deinit(&json);
}

static void every_character_of_ascii_comes_back_from_jansson(void **state)
{
    char all[128];

    (void)state;
    for (int c = 0; c < 128; c++) {
        const char text[] = {'a', (char)c, 'b'};

        all[c] = (char)c;
        check_round_trip((struct bytes){text, 3});
        check_round_trip((struct bytes){text + 1, 1});
    }
    check_round_trip((struct bytes){all, sizeof all});
    check_round_trip(BYTES(""));
}

static void utf8_stays_as_it_is(void **state)
{
    struct buffer json = {0};

    (void)state;
    jsonwrite_string(&json, BYTES("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80/"));
    assert_text(buffer_bytes(&json), "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80/\"");
    check_round_trip(BYTES("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80/"));
    buffer_deinit(&json);
}

static void json_within_a_string_is_still_the_same_json(void **state)
{
    const struct bytes inner = BYTES("{\"a\":\"\\\"\\n\xc3\xa4\",\"b\":[1]}");
    struct buffer json = {0};
    json_t *root;

    (void)state;
    buffer_append_char(&json, '"');
    jsonwrite_escaped(&json, inner);
    buffer_append_char(&json, '"');
    assert_int_equal(oracle_text(buffer_bytes(&json), &root), ORACLE_ACCEPTED);
    assert_bytes_equal(oracle_string(root), inner);
    json_decref(root);
    buffer_deinit(&json);
}

static void noise_comes_back_from_jansson(void **state)
{
    struct unit_random random = {1};

    (void)state;
    for (int i = 0; i < 5000; i++) {
        char text[40];
        const size_t len = unit_random_below(&random, sizeof text);

        for (size_t at = 0; at < len; at++)
            text[at] = (char)unit_random_below(&random, 128);
        check_round_trip((struct bytes){text, len});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_of_ascii_comes_back_from_jansson),
        cmocka_unit_test(utf8_stays_as_it_is),
        cmocka_unit_test(json_within_a_string_is_still_the_same_json),
        cmocka_unit_test(noise_comes_back_from_jansson),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
