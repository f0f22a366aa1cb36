#include "server/restart_only.h"

#include "support/unit.h"
#include "unit/config/folder.h"

static struct config *load(const char *json)
{
    const struct config_options options = {.config_file = "reverb.json"};
    struct buffer error = {0};
    struct buffer warnings = {0};
    struct config *config;

    folder_write("reverb.json", json);
    config = config_load(&options, &error, &warnings);
    if (config == NULL)
        fail_msg("%s", buffer_text(&error));
    buffer_deinit(&warnings);
    return config;
}

static void assert_names(const char *now, const char *asked, const char *should)
{
    struct config *one = load(now);
    struct config *other = load(asked);
    struct buffer names = {0};

    server_restart_only_names(one, other, &names);
    assert_string_equal(buffer_text(&names), should);
    buffer_deinit(&names);
    config_free(one);
    config_free(other);
}

#define SERVER(settings)                                                                     \
    "{\"servers\": {\"reverb\": {" settings "}}, \"apps\": {\"apps\": [{\"app_id\": \"1\", " \
    "\"key\": \"k\", \"secret\": \"s\"}]}}"

static void what_a_reload_passes_over_is_named(void **state)
{
    (void)state;
    assert_names(SERVER("\"port\": 1"), SERVER("\"port\": 1"), "");
    assert_names(SERVER("\"port\": 1"), SERVER("\"port\": 2, \"path\": \"/x\""), "port, path");
}

static void scaling_counts_only_if_it_is_on(void **state)
{
    (void)state;
    assert_names(SERVER("\"scaling\": {\"enabled\": false, \"channel\": \"a\"}"),
                 SERVER("\"scaling\": {\"enabled\": false, \"channel\": \"b\"}"), "");
    assert_names(SERVER("\"scaling\": {\"enabled\": true, \"channel\": \"a\"}"),
                 SERVER("\"scaling\": {\"enabled\": true, \"channel\": \"b\"}"), "scaling.channel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(what_a_reload_passes_over_is_named),
        FOLDER_TEST(scaling_counts_only_if_it_is_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
