#include "config/value.h"

#include "unit/config/folder.h"

/* The line that begins with `name`, its runs of spaces made one. */
static void assert_line(struct folder *folder, const char *expected)
{
    struct bytes rest = bytes_of(folder_print(folder));
    struct bytes line;

    while (bytes_next(&rest, '\n', &line)) {
        struct buffer squeezed = {0};
        bool is_equal;

        for (size_t i = 0; i < line.len; i++) {
            if (line.data[i] != ' ' || squeezed.len == 0 || squeezed.data[squeezed.len - 1] != ' ')
                buffer_append_char(&squeezed, line.data[i]);
        }
        is_equal = strcmp(buffer_text(&squeezed), expected) == 0;
        buffer_deinit(&squeezed);
        if (is_equal)
            return;
    }
    fail_msg("no line \"%s\" in:\n%s", expected, buffer_text(&folder->printed));
}

static void each_line_has_setting_value_and_source(void **state)
{
    struct folder *folder = *state;

    folder_write(".env", "REVERB_APP_ID=1\nREVERB_APP_KEY=k\n");
    setenv("REVERB_APP_SECRET", "s3cr3t", 1);
    folder->options.path = "ws";
    folder->options.debug = true;
    folder_write_config(folder, "{\"servers\": {\"reverb\": {\"port\": 99}}}");
    folder_load(folder);
    assert_line(folder, "SETTING VALUE SOURCE");
    assert_line(folder, "servers.reverb.host 0.0.0.0 default");
    assert_line(folder, "servers.reverb.port 99 reverb.json");
    assert_line(folder, "servers.reverb.path /ws --path");
    assert_line(folder, "servers.reverb.hostname none default");
    assert_line(folder, "servers.reverb.compression false default");
    assert_line(folder, "REVERB_DEBUG true --debug");
    assert_line(folder, "REVERB_LOG_FORMAT text default");
    assert_line(folder, "apps.apps.0.app_id 1 REVERB_APP_ID in .env");
    assert_line(folder, "apps.apps.0.secret ******** REVERB_APP_SECRET in the environment");
    assert_line(folder, "apps.apps.0.allowed_origins * default");
    assert_line(folder, "apps.apps.0.max_connections no limit default");
    assert_line(folder, "apps.apps.0.accept_client_events_from members default");
}

static void each_app_has_its_lines(void **state)
{
    struct folder *folder = *state;

    folder_write_config(folder, "{\"apps\": {\"apps\": [{\"app_id\": 1, \"key\": \"a\", "
                                "\"secret\": \"s\"}, {\"app_id\": 2, \"key\": \"b\", \"secret\": "
                                "\"s\", \"allowed_origins\": [\"x\", \"y\"]}]}}");
    folder_load(folder);
    assert_line(folder, "apps.apps.0.key a reverb.json");
    assert_line(folder, "apps.apps.1.key b reverb.json");
    assert_line(folder, "apps.apps.1.allowed_origins x, y reverb.json");
    assert_line(folder, "apps.apps.1.accept_client_events_from members default");
}

static void secrets_are_masked_whatever_their_length(void **state)
{
    struct folder *folder = *state;

    folder_write("a.pem", "c");
    setenv("REVERB_TLS_LOCAL_CERT", "a.pem", 1);
    setenv("REVERB_TLS_PASSPHRASE", "passphr4se", 1);
    folder_set_app();
    setenv("REVERB_APP_SECRET", "s3cr3t", 1);
    folder_load(folder);
    folder_print(folder);
    assert_lacks(buffer_text(&folder->printed), "s3cr3t");
    assert_lacks(buffer_text(&folder->printed), "passphr4se");
    assert_line(folder, "apps.apps.0.secret ******** REVERB_APP_SECRET in the environment");
    assert_line(folder, "servers.reverb.options.tls.passphrase ******** REVERB_TLS_PASSPHRASE in "
                        "the environment");
}

static void every_setting_has_a_line(void **state)
{
    struct folder *folder = *state;
    size_t lines = 0;

    folder_set_app();
    folder_load(folder);
    for (const char *at = folder_print(folder); *at != '\0'; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 1 + config_setting_server_count + config_setting_app_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(each_line_has_setting_value_and_source),
        FOLDER_TEST(each_app_has_its_lines),
        FOLDER_TEST(secrets_are_masked_whatever_their_length),
        FOLDER_TEST(every_setting_has_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
