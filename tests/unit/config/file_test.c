#include "config/file.h"

#include "config/schema.h"
#include "unit/config/folder.h"

static const char text[] =
    "{\"default\": \"reverb\", \"servers\": {\"reverb\": {\"port\": \"81\", \"options\": {\"tls\": "
    "{\"local_cert\": \"\\u00e9\", \"peer_name\": 1}}}}, \"apps\": {\"apps\": [{\"app_id\": 1.0, "
    "\"rate_limiting\": {\"enabled\": true}, \"allowed_origins\": [\"*\"]}]}}";

static void every_prefix_of_a_file_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct config_file file = {0};
        struct buffer error = {0};
        char *exact = mem_copy_text(text, len);

        assert_false(config_file_parse(&file, (struct bytes){exact, len}, "x.json", &error));
        assert_has(buffer_text(&error), "x.json is not JSON: line 1");
        assert_null(file.root);
        buffer_deinit(&error);
        free(exact);
    }
}

/* Each byte in turn replaced: the file is still JSON or not, known or not, and never a crash. */
static void every_damaged_file_is_read_or_refused(void **state)
{
    static const char damage[] = "\"{}[]:,0x \\\xff";

    (void)state;
    for (size_t at = 0; at < sizeof text - 1; at++) {
        for (size_t i = 0; i < sizeof damage; i++) {
            struct config_file file = {0};
            struct buffer error = {0};
            struct buffer warnings = {0};
            char *damaged = mem_copy_text(text, sizeof text - 1);
            struct bytes bytes = {damaged, sizeof text - 1};
            bool ok;

            damaged[at] = damage[i];
            ok = config_file_parse(&file, bytes, "x.json", &error) &&
                 config_schema_check(&file, "reverb", &error, &warnings);
            assert_true(ok == (error.len == 0));
            config_file_deinit(&file);
            buffer_deinit(&error);
            buffer_deinit(&warnings);
            free(damaged);
        }
    }
}

static void a_key_given_twice_is_refused(void **state)
{
    struct config_file file = {0};
    struct buffer error = {0};

    (void)state;
    assert_false(config_file_parse(&file, BYTES("{\"a\": 1, \"a\": 2}"), "x.json", &error));
    assert_has(buffer_text(&error), "duplicate");
    buffer_deinit(&error);
}

static void a_path_of_keys_leads_to_a_value_or_to_nothing(void **state)
{
    struct config_file file = {0};
    struct buffer error = {0};

    (void)state;
    assert_true(config_file_parse(&file, bytes_of(text), "x.json", &error));
    assert_string_equal(json_string_value(config_file_find(file.root, "servers.reverb.port")),
                        "81");
    assert_null(config_file_find(file.root, "servers.reverb.port.x"));
    assert_null(config_file_find(file.root, "servers.other.port"));
    assert_null(config_file_find(file.root, ""));
    assert_null(config_file_find(NULL, "servers"));
    config_file_deinit(&file);
}

static void a_file_that_is_too_long_is_refused(void **state)
{
    struct config_file file = {0};
    struct buffer error = {0};
    FILE *out = fopen("long.json", "w");

    (void)state;
    assert_non_null(out);
    for (size_t i = 0; i < 5 * 1024; i++)
        fprintf(out, "%1024s", "");
    fclose(out);
    assert_false(config_file_load(&file, "long.json", "standard input", &error));
    assert_has(buffer_text(&error), "long.json cannot be read");
    config_file_deinit(&file);
    buffer_deinit(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(every_prefix_of_a_file_is_refused),
        FOLDER_TEST(every_damaged_file_is_read_or_refused),
        FOLDER_TEST(a_key_given_twice_is_refused),
        FOLDER_TEST(a_path_of_keys_leads_to_a_value_or_to_nothing),
        FOLDER_TEST(a_file_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
