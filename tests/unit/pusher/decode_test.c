#include "pusher/decode.h"

#include "support/unit.h"

static bool is_message(const char *text)
{
    char *exact = unit_exact(bytes_of(text));
    struct pusher_decode_message message;
    const bool is_one = pusher_decode(&message, (struct bytes){exact, strlen(text)});

    pusher_decode_deinit(&message);
    free(exact);
    return is_one;
}

static void a_message_is_an_object_with_an_event(void **state)
{
    static const char *const wrong[] = {"",
                                        "x",
                                        "1",
                                        "[]",
                                        "\"pusher:ping\"",
                                        "null",
                                        "{}",
                                        "{\"event\":\"\"}",
                                        "{\"event\":1}",
                                        "{\"event\":null}",
                                        "{\"event\":{}}",
                                        "{\"event\":\"a\"",
                                        "{\"event\":\"a\"}x",
                                        "{\"event\":\"a\",}",
                                        "{\"event\":\"a\",\"data\":}",
                                        "{\"Event\":\"a\"}",
                                        "{\"event\":\"\\ud800\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (is_message(wrong[i]))
            fail_msg("%s is taken", wrong[i]);
    assert_true(is_message("{\"event\":\"a\"}"));
    assert_true(is_message(" { \"x\" : [ ] , \"event\" : \"a\" } "));
}

static void its_parts_are_found(void **state)
{
    struct pusher_decode_message message;

    (void)state;
    assert_true(pusher_decode(&message, BYTES("{\"data\":{\"a\":1},\"event\":\"client-\\u00e4\","
                                              "\"channel\":\"private-\\\"\"}")));
    assert_text(message.event, "client-\xc3\xa4");
    assert_text(message.channel.raw, "\"private-\\\"\"");
    assert_text(message.data.raw, "{\"a\":1}");
    pusher_decode_deinit(&message);
    assert_true(pusher_decode(&message, BYTES("{\"event\":\"a\"}")));
    assert_int_equal(message.channel.type, JSONSCAN_ABSENT);
    assert_int_equal(message.data.type, JSONSCAN_ABSENT);
    pusher_decode_deinit(&message);
}

static void its_data_may_be_an_object_or_a_string_that_holds_one(void **state)
{
    static const char *const same[] = {
        "{\"event\":\"a\",\"data\":{\"channel\":\"c\",\"auth\":\"k:s\"}}",
        "{\"event\":\"a\",\"data\":\"{\\\"channel\\\":\\\"c\\\",\\\"auth\\\":\\\"k:s\\\"}\"}",
        "{\"event\":\"a\",\"data\":\"{\\u0022channel\\u0022:\\\"c\\\",\\\"auth\\\":\\\"k:s\\\"}\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct jsonscan_field fields[] = {{.name = BYTES("channel")}, {.name = BYTES("auth")}};
        struct pusher_decode_message message;

        assert_true(pusher_decode(&message, bytes_of(same[i])));
        assert_true(pusher_decode_data(&message, fields, 2));
        assert_text(fields[0].value.raw, "\"c\"");
        assert_text(fields[1].value.raw, "\"k:s\"");
        pusher_decode_deinit(&message);
    }
}

static void data_of_another_kind_has_no_members(void **state)
{
    static const char *const wrong[] = {
        "{\"event\":\"a\"}",
        "{\"event\":\"a\",\"data\":null}",
        "{\"event\":\"a\",\"data\":[{}]}",
        "{\"event\":\"a\",\"data\":\"\"}",
        "{\"event\":\"a\",\"data\":\"[]\"}",
        "{\"event\":\"a\",\"data\":\"{\"}",
        "{\"event\":\"a\",\"data\":\"\\\"{}\\\"\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct jsonscan_field fields[] = {{.name = BYTES("channel")}};
        struct pusher_decode_message message;

        assert_true(pusher_decode(&message, bytes_of(wrong[i])));
        assert_false(pusher_decode_data(&message, fields, 1));
        pusher_decode_deinit(&message);
    }
}

static void every_prefix_of_a_message_is_refused(void **state)
{
    static const char text[] = "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"c\"}}";

    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        char *prefix = bytes_copy((struct bytes){text, len});

        assert_false(is_message(prefix));
        free(prefix);
    }
    assert_true(is_message(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_an_object_with_an_event),
        cmocka_unit_test(its_parts_are_found),
        cmocka_unit_test(its_data_may_be_an_object_or_a_string_that_holds_one),
        cmocka_unit_test(data_of_another_kind_has_no_members),
        cmocka_unit_test(every_prefix_of_a_message_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
