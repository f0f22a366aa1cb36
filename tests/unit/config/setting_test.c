#include "config/setting.h"

#include "config/value.h"
#include "unit/config/folder.h"

static void check_defaults(const struct config_setting *settings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer error = {0};

        if (settings[i].fallback != NULL)
            assert_true(config_value_check(&settings[i], settings[i].fallback, "", &error));
        if (settings[i].fallback_in_file != NULL)
            assert_true(config_value_check(&settings[i], settings[i].fallback_in_file, "", &error));
        buffer_deinit(&error);
    }
}

static void every_default_is_a_right_value(void **state)
{
    (void)state;
    check_defaults(config_setting_server, config_setting_server_count);
    check_defaults(config_setting_app, config_setting_app_count);
}

static void every_number_says_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_setting_app_count; i++)
        assert_true(config_setting_app[i].kind != CONFIG_SETTING_NUMBER ||
                    config_setting_app[i].noun != NULL);
    for (size_t i = 0; i < config_setting_server_count; i++)
        assert_true(config_setting_server[i].kind != CONFIG_SETTING_NUMBER ||
                    config_setting_server[i].noun != NULL);
}

/* docs/configuration.md is written by hand: this finds what was forgotten there. */
static void assert_documented(const char *docs, const char *word)
{
    if (word != NULL && strstr(docs, word) == NULL)
        fail_msg("docs/configuration.md does not mention %s", word);
}

static void every_setting_is_documented(void **state)
{
    struct buffer docs = {0};
    FILE *file = fopen("docs/configuration.md", "r");
    int c;

    (void)state;
    assert_non_null(file);
    while ((c = fgetc(file)) != EOF)
        buffer_append_char(&docs, (char)c);
    fclose(file);
    for (size_t i = 0; i < config_setting_server_count; i++) {
        const struct config_setting *setting = &config_setting_server[i];
        const char *dot = setting->key ? strrchr(setting->key, '.') : NULL;

        assert_documented(buffer_text(&docs), setting->variable);
        assert_documented(buffer_text(&docs), setting->option);
        assert_documented(buffer_text(&docs), dot ? dot + 1 : setting->key);
    }
    for (size_t i = 0; i < config_setting_app_count; i++) {
        assert_documented(buffer_text(&docs), config_setting_app[i].variable);
        assert_documented(buffer_text(&docs), config_setting_app[i].key);
    }
    buffer_deinit(&docs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_a_right_value),
        cmocka_unit_test(every_number_says_what_it_is),
        cmocka_unit_test(every_setting_is_documented),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
