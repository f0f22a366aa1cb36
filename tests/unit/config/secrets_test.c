#include "config/secrets.h"

#include "support/unit.h"

static void assert_masked(const char *json, const char *before, const char *after)
{
    json_t *root = json_loads(json, 0, NULL);
    struct buffer text = {0};

    assert_non_null(root);
    buffer_append_text(&text, before);
    config_secrets_mask(root, &text);
    assert_string_equal(buffer_text(&text), after);
    buffer_deinit(&text);
    json_decref(root);
}

static void a_secret_is_hidden_wherever_it_is_quoted(void **state)
{
    (void)state;
    assert_masked("{\"apps\":{\"apps\":[{\"secret\":\"abcdef\",\"ping_interval\":\"abcdef\"}]}}",
                  "\"abcdef\" is not a number; abcdef", "\"******\" is not a number; ******");
    assert_masked(
        "{\"servers\":{\"reverb\":{\"options\":{\"tls\":{\"passphrase\":\"pass word\"}}}}}",
        "pass word", "*********");
    assert_masked("{\"scaling\":{\"server\":{\"password\":\"word\"}}}", "password", "pass****");
}

static void other_values_stay_and_so_do_very_short_secrets(void **state)
{
    (void)state;
    assert_masked("{\"apps\":[{\"key\":\"abcdef\",\"secret\":\"is\"}]}", "abcdef is fine",
                  "abcdef is fine");
    assert_masked("{\"apps\":[{\"secret\":7,\"key\":null}]}", "7", "7");
    assert_masked("[]", "nothing", "nothing");
}

static void without_a_file_nothing_is_hidden(void **state)
{
    struct buffer text = {0};

    (void)state;
    buffer_append_text(&text, "abc");
    config_secrets_mask(NULL, &text);
    assert_string_equal(buffer_text(&text), "abc");
    buffer_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_hidden_wherever_it_is_quoted),
        cmocka_unit_test(other_values_stay_and_so_do_very_short_secrets),
        cmocka_unit_test(without_a_file_nothing_is_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
