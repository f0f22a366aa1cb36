#include "pusher/user_id.h"

#include "support/unit.h"

/* Whom `json` names; absent for nobody. */
static struct bytes read(const char *json, struct buffer *scratch)
{
    struct jsonscan_value value;
    struct bytes user_id;

    assert_true(jsonscan_parse(bytes_of(json), &value));
    return pusher_user_id_read(&value, scratch, &user_id) ? user_id : BYTES_NONE;
}

static void a_user_is_named_by_a_text_or_a_number(void **state)
{
    struct buffer scratch = {0};

    (void)state;
    assert_text(read("\"anna\"", &scratch), "anna");
    assert_text(read("\"0\"", &scratch), "0");
    assert_text(read("\"\\u00e4\\\"\\\\ \xf0\x9f\x98\x80\"", &scratch),
                "\xc3\xa4\"\\ \xf0\x9f\x98\x80");
    assert_text(read("7", &scratch), "7");
    assert_text(read("-12345678901234567890", &scratch), "-12345678901234567890");
    buffer_deinit(&scratch);
}

static void nothing_else_names_a_user(void **state)
{
    static const char *const others[] = {"null", "true", "[]", "{}", "[\"a\"]", "\"\""};
    const struct jsonscan_value absent = {.type = JSONSCAN_ABSENT};
    struct buffer scratch = {0};
    struct bytes user_id;

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_null(read(others[i], &scratch).data);
    assert_false(pusher_user_id_read(&absent, &scratch, &user_id));
    buffer_deinit(&scratch);
}

static void no_control_character_stands_in_an_id(void **state)
{
    struct buffer scratch = {0};

    (void)state;
    for (unsigned code = 0; code <= 0x100; code++) {
        const bool is_control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
        char json[32];

        snprintf(json, sizeof json, "\"admin\\u%04xx\"", code);
        assert_int_equal(read(json, &scratch).data == NULL, is_control);
        snprintf(json, sizeof json, "\"\\u%04x\"", code);
        assert_int_equal(read(json, &scratch).data == NULL, is_control);
    }
    buffer_deinit(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_named_by_a_text_or_a_number),
        cmocka_unit_test(nothing_else_names_a_user),
        cmocka_unit_test(no_control_character_stands_in_an_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
