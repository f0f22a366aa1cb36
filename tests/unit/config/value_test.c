#include "config/value.h"

#include "unit/config/folder.h"

static const struct config_setting *server_setting(const char *key)
{
    for (size_t i = 0; i < config_setting_server_count; i++) {
        if (strcmp(config_setting_name(&config_setting_server[i]), key) == 0)
            return &config_setting_server[i];
    }
    fail();
    return NULL;
}

/* What `text` becomes, as `reverb config` shows it; "error" where it is refused. */
static void assert_becomes(const char *key, const char *text, const char *expected)
{
    const struct config_setting *setting = server_setting(key);
    struct config config = {0};
    struct buffer error = {0};
    struct buffer shown = {0};

    if (config_value_set(setting, &config, text, "here", &error))
        config_value_print(setting, &config, &shown);
    else
        buffer_append_text(&shown, "error");
    assert_string_equal(buffer_text(&shown), expected);
    assert_int_equal(error.len > 0, strcmp(expected, "error") == 0);
    config_value_clear(setting, &config);
    buffer_deinit(&error);
    buffer_deinit(&shown);
}

static void paths_have_a_slash_before_and_none_behind(void **state)
{
    (void)state;
    assert_becomes("path", "ws", "/ws");
    assert_becomes("path", "/ws", "/ws");
    assert_becomes("path", "/ws/", "/ws");
    assert_becomes("path", "//a/b//", "/a/b");
    assert_becomes("path", "", "none");
    assert_becomes("path", "/", "none");
    assert_becomes("path", "/a b", "error");
    assert_becomes("path", "/a?b", "error");
    assert_becomes("path", "/a#b", "error");
}

static void numbers_are_decimal_and_within_their_range(void **state)
{
    (void)state;
    assert_becomes("port", "0", "0");
    assert_becomes("port", "65535", "65535");
    assert_becomes("port", " 80 ", "80");
    assert_becomes("port", "0080", "80");
    assert_becomes("port", "65536", "error");
    assert_becomes("port", "99999999999999999999999999", "error");
    assert_becomes("port", "-1", "error");
    assert_becomes("port", "-", "error");
    assert_becomes("port", "", "error");
    assert_becomes("port", "0x50", "error");
    assert_becomes("port", "80.0", "error");
    assert_becomes("port", "1e3", "error");
    assert_becomes("max_request_size", "0", "error");
    assert_becomes("max_request_size", "1073741824", "1073741824");
    assert_becomes("max_request_size", "1073741825", "error");
}

static void flags_have_many_words(void **state)
{
    static const char *const yes[] = {"true", "TRUE", "(true)", "1", "on", "yes", " true "};
    static const char *const no[] = {"false", "False", "(false)", "0", "off", "no"};

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_becomes("compression", yes[i], "true");
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_becomes("compression", no[i], "false");
    assert_becomes("compression", "2", "error");
    assert_becomes("compression", "maybe", "error");
}

static void a_choice_is_one_of_its_words(void **state)
{
    (void)state;
    assert_becomes("REVERB_LOG_FORMAT", "json", "json");
    assert_becomes("REVERB_LOG_FORMAT", "text", "text");
    assert_becomes("REVERB_LOG_FORMAT", "xml", "error");
}

static void a_secret_is_shown_as_a_mask(void **state)
{
    (void)state;
    assert_becomes("options.tls.passphrase", "x", "********");
    assert_becomes("options.tls.passphrase", "a very long one indeed", "********");
}

static void a_second_value_replaces_the_first(void **state)
{
    const struct config_setting *setting = server_setting("host");
    struct config config = {0};
    struct buffer error = {0};

    (void)state;
    assert_true(config_value_set(setting, &config, "a", "here", &error));
    assert_true(config_value_set(setting, &config, "b", "here", &error));
    assert_string_equal(config.host, "b");
    config_value_clear(setting, &config);
    assert_null(config.host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_have_a_slash_before_and_none_behind),
        cmocka_unit_test(numbers_are_decimal_and_within_their_range),
        cmocka_unit_test(flags_have_many_words),
        cmocka_unit_test(a_choice_is_one_of_its_words),
        cmocka_unit_test(a_secret_is_shown_as_a_mask),
        cmocka_unit_test(a_second_value_replaces_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
