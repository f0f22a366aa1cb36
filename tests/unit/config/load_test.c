#include "config/load.h"

#include "unit/config/folder.h"

#include <time.h>

#define APP "{\"app_id\": \"1\", \"key\": \"k\", \"secret\": \"s\"}"
#define APPS "\"apps\": {\"apps\": [" APP "]}"

static void three_variables_are_enough(void **state)
{
    const struct config *config;

    folder_set_app();
    config = folder_load(*state);
    assert_string_equal(config->host, "0.0.0.0");
    assert_int_equal(config->port, 8080);
    assert_string_equal(config->path, "");
    assert_null(config->hostname);
    assert_false(config->tls.enabled);
    assert_int_equal(config->max_request_size_bytes, 10000);
    assert_false(config->compression);
    assert_int_equal(config->max_backlog_bytes, 1024 * 1024);
    assert_int_equal(config->drain_s, 0);
    assert_int_equal(config->shutdown_timeout_s, 10);
    assert_int_equal(config->workers, sysconf(_SC_NPROCESSORS_ONLN));
    assert_false(config->debug);
    assert_false(config->log_json);
    assert_int_equal(config->apps_count, 1);
}

static void an_option_beats_the_environment_beats_env_beats_the_file_beats_the_default(void **state)
{
    struct folder *folder = *state;

    folder_write_config(folder, "{" APPS "}");
    assert_int_equal(folder_load(folder)->port, 8080);

    folder_write_config(folder, "{\"servers\": {\"reverb\": {\"port\": 1}}, " APPS "}");
    assert_int_equal(folder_load(folder)->port, 1);

    folder_write(".env", "REVERB_SERVER_PORT=2\n");
    assert_int_equal(folder_load(folder)->port, 2);

    setenv("REVERB_SERVER_PORT", "3", 1);
    assert_int_equal(folder_load(folder)->port, 3);

    folder->options.port = "4";
    assert_int_equal(folder_load(folder)->port, 4);
}

static void each_option_sets_its_value(void **state)
{
    struct folder *folder = *state;
    const struct config *config;

    folder_set_app();
    folder->options = (struct config_options){.host = "::1",
                                              .port = "9000",
                                              .path = "ws",
                                              .hostname = "app.test",
                                              .workers = "3",
                                              .log_format = "json",
                                              .debug = true};
    config = folder_load(folder);
    assert_string_equal(config->host, "::1");
    assert_int_equal(config->port, 9000);
    assert_string_equal(config->path, "/ws");
    assert_string_equal(config->hostname, "app.test");
    assert_int_equal(config->workers, 3);
    assert_true(config->log_json);
    assert_true(config->debug);
}

static void each_variable_of_the_server_sets_its_value(void **state)
{
    const struct config *config;

    folder_set_app();
    setenv("REVERB_SERVER_HOST", "127.0.0.1", 1);
    setenv("REVERB_SERVER_PORT", "0", 1);
    setenv("REVERB_SERVER_PATH", "/ws/", 1);
    setenv("REVERB_HOST", "app.test", 1);
    setenv("REVERB_MAX_REQUEST_SIZE", "20000", 1);
    setenv("REVERB_COMPRESSION", "true", 1);
    setenv("REVERB_MAX_BACKLOG", "2048", 1);
    setenv("REVERB_DRAIN", "5", 1);
    setenv("REVERB_SHUTDOWN_TIMEOUT", "7", 1);
    setenv("REVERB_WORKERS", "2", 1);
    setenv("REVERB_DEBUG", "(true)", 1);
    setenv("REVERB_LOG_FORMAT", "json", 1);
    setenv("REVERB_SCALING_ENABLED", "false", 1);
    config = folder_load(*state);
    assert_string_equal(config->host, "127.0.0.1");
    assert_int_equal(config->port, 0);
    assert_string_equal(config->path, "/ws");
    assert_string_equal(config->hostname, "app.test");
    assert_int_equal(config->max_request_size_bytes, 20000);
    assert_true(config->compression);
    assert_int_equal(config->max_backlog_bytes, 2048);
    assert_int_equal(config->drain_s, 5);
    assert_int_equal(config->shutdown_timeout_s, 7);
    assert_int_equal(config->workers, 2);
    assert_true(config->debug);
    assert_true(config->log_json);
}

static void each_key_of_the_server_sets_its_value(void **state)
{
    struct folder *folder = *state;
    const struct config *config;

    folder_write_config(folder, "{\"servers\": {\"reverb\": {\"host\": \"h\", \"port\": \"81\", "
                                "\"path\": \"/\", \"hostname\": \"n\", \"max_request_size\": 5.0, "
                                "\"compression\": \"true\", \"max_backlog\": 6, \"drain\": 7, "
                                "\"shutdown_timeout\": 8, \"workers\": 9}}, " APPS "}");
    config = folder_load(folder);
    assert_string_equal(config->host, "h");
    assert_int_equal(config->port, 81);
    assert_string_equal(config->path, "");
    assert_string_equal(config->hostname, "n");
    assert_int_equal(config->max_request_size_bytes, 5);
    assert_true(config->compression);
    assert_int_equal(config->max_backlog_bytes, 6);
    assert_int_equal(config->drain_s, 7);
    assert_int_equal(config->shutdown_timeout_s, 8);
    assert_int_equal(config->workers, 9);
}

static void an_empty_variable_is_not_given(void **state)
{
    const struct config *config;

    folder_set_app();
    setenv("REVERB_SERVER_PORT", "", 1);
    setenv("REVERB_HOST", "", 1);
    setenv("REVERB_COMPRESSION", "", 1);
    setenv("REVERB_WORKERS", "null", 1);
    setenv("REVERB_APP_MAX_CONNECTIONS", "", 1);
    config = folder_load(*state);
    assert_int_equal(config->port, 8080);
    assert_null(config->hostname);
    assert_int_equal(config->apps[0].max_connections, 0);
}

static void an_empty_path_is_a_path(void **state)
{
    struct folder *folder = *state;

    folder_write_config(folder, "{\"servers\": {\"reverb\": {\"path\": \"ws\"}}, " APPS "}");
    setenv("REVERB_SERVER_PATH", "", 1);
    assert_string_equal(folder_load(folder)->path, "");
}

static void null_in_the_file_is_not_given(void **state)
{
    struct folder *folder = *state;

    folder_write_config(folder,
                        "{\"default\": null, \"servers\": {\"reverb\": {\"port\": null, "
                        "\"hostname\": null, \"options\": null, \"scaling\": null}}, " APPS "}");
    assert_int_equal(folder_load(folder)->port, 8080);
    assert_null(folder->config->hostname);
}

static void the_default_names_the_server_that_counts(void **state)
{
    struct folder *folder = *state;

    folder_write_config(folder, "{\"default\": \"two\", \"servers\": {\"one\": {\"port\": 1, "
                                "\"whatever\": 1}, \"two\": {\"port\": 2}}, " APPS "}");
    assert_int_equal(folder_load(folder)->port, 2);

    folder_write_config(folder, "{\"default\": \"three\", \"servers\": {\"one\": {}}, " APPS "}");
    assert_has(folder_fail(folder), "servers.three is not in reverb.json");
}

static void an_error_names_the_place_the_value_and_what_is_right(void **state)
{
    struct folder *folder = *state;

    folder_set_app();
    folder_write(".env", "REVERB_SERVER_PORT=abc\n");
    assert_string_equal(folder_fail(folder), "REVERB_SERVER_PORT in .env: \"abc\" is not a number; "
                                             "give a port from 0 to 65535");
    setenv("REVERB_SERVER_PORT", "65536", 1);
    assert_string_equal(folder_fail(folder), "REVERB_SERVER_PORT in the environment: \"65536\" is "
                                             "out of range; give a port from 0 to 65535");
    folder->options.port = "-1";
    assert_string_equal(folder_fail(folder),
                        "--port: \"-1\" is out of range; give a port from 0 to 65535");
}

static void the_proxy_protocol_needs_proxies_that_are_trusted(void **state)
{
    folder_set_app();
    setenv("REVERB_PROXY_PROTOCOL", "true", 1);
    assert_has(folder_fail(*state), "REVERB_PROXY_PROTOCOL in the environment: the PROXY protocol "
                                    "needs trusted_proxies");
    setenv("REVERB_TRUSTED_PROXIES", "10.0.0.5,unix", 1);
    assert_true(folder_load(*state)->proxy_protocol);
}

static void wrong_types_in_the_file_are_errors(void **state)
{
    static const struct {
        const char *server;
        const char *part;
    } wrong[] = {
        {"\"port\": true", "servers.reverb.port in reverb.json: true does not fit; give a port"},
        {"\"port\": []", "servers.reverb.port in reverb.json: a list does not fit"},
        {"\"port\": 80.5", "\"80.5\" is not a number"},
        {"\"host\": false", "servers.reverb.host in reverb.json: false does not fit; give a text"},
        {"\"host\": {}", "an object does not fit"},
        {"\"compression\": \"maybe\"", "\"maybe\" is neither true nor false"},
        {"\"workers\": 0", "\"0\" is out of range; give a number from 1 to"},
        {"\"path\": \"/a b\"", "cannot be a path"},
        {"\"options\": 1", "servers.reverb.options in reverb.json is not an object"},
        {"\"pulse_ingest_interval\": \"soon\"", "servers.reverb.pulse_ingest_interval"},
        {"\"scaling\": {\"enabled\": true, \"channel\": []}", "servers.reverb.scaling.channel"},
    };
    struct folder *folder = *state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buffer json = {0};

        buffer_printf(&json, "{\"servers\": {\"reverb\": {%s}}, " APPS "}", wrong[i].server);
        folder_write_config(folder, buffer_text(&json));
        assert_has(folder_fail(folder), wrong[i].part);
        buffer_deinit(&json);
    }
}

static void what_only_laravel_reads_is_accepted(void **state)
{
    struct folder *folder = *state;

    folder_write_config(
        folder,
        "{\"default\": \"reverb\", \"servers\": {\"reverb\": {\"options\": {\"tls\": []}, "
        "\"scaling\": {\"enabled\": false, \"channel\": \"reverb\", \"server\": {\"url\": null, "
        "\"host\": \"127.0.0.1\", \"port\": \"6379\", \"username\": null, \"password\": \"p\", "
        "\"database\": \"0\", \"timeout\": 60, \"prefix\": \"x\"}}, \"pulse_ingest_interval\": "
        "\"15\", \"telescope_ingest_interval\": 15}}, \"apps\": {\"provider\": \"config\", "
        "\"apps\": [{\"app_id\": 7, \"key\": \"k\", \"secret\": \"s\", \"options\": {\"host\": "
        "\"h\", \"port\": 443, \"scheme\": \"https\", \"useTLS\": true, \"cluster\": \"x\"}}]}}");
    assert_string_equal(folder_load(folder)->apps[0].id, "7");
    assert_int_equal(folder->warnings.len, 0);
}

static void an_unknown_key_is_an_error_with_the_nearest_right_one(void **state)
{
    struct folder *folder = *state;

    folder_write_config(folder, "{\"servers\": {\"reverb\": {\"prot\": 1}}, " APPS "}");
    assert_string_equal(folder_fail(folder), "servers.reverb.prot in reverb.json is not a setting; "
                                             "did you mean port?");
    folder_write_config(folder, "{\"server\": {}, " APPS "}");
    assert_has(folder_fail(folder),
               "server in reverb.json is not a setting; did you mean servers?");
    folder_write_config(folder, "{\"apps\": {\"app\": []}}");
    assert_has(folder_fail(folder), "apps.app in reverb.json is not a setting");
    folder_write_config(folder, "{\"apps\": {\"apps\": [{\"id\": 1}]}}");
    assert_has(folder_fail(folder), "apps.apps.0.id in reverb.json is not a setting; did you mean "
                                    "app_id?");
    folder_write_config(folder, "{\"servers\": {\"reverb\": {\"options.tls\": 1}}, " APPS "}");
    assert_has(folder_fail(folder), "servers.reverb.options.tls in reverb.json is not a setting");
}

static void a_file_that_is_not_there_or_not_json_is_an_error(void **state)
{
    struct folder *folder = *state;

    folder->options.config_file = "nowhere.json";
    assert_string_equal(folder_fail(folder), "the configuration file nowhere.json cannot be read: "
                                             "No such file or directory");
    folder_write_config(folder, "{\n\"secret\": s3cr3t}");
    assert_has(folder_fail(folder), "reverb.json is not JSON: line 2");
    assert_lacks(buffer_text(&folder->error), "s3cr3t");
    folder_write_config(folder, "[1]");
    assert_has(folder_fail(folder), "reverb.json holds no object");
}

static void an_environment_file_that_is_named_must_be_there(void **state)
{
    struct folder *folder = *state;

    folder_set_app();
    folder_write("other.env", "REVERB_SERVER_PORT=7\n");
    folder->options.env_file = "other.env";
    assert_int_equal(folder_load(folder)->port, 7);
    folder->options.env_file = "nowhere.env";
    assert_has(folder_fail(folder), "the environment file nowhere.env cannot be read");
}

static void a_broken_environment_file_is_an_error(void **state)
{
    folder_set_app();
    folder_write(".env", "A=b\nNAME=a b\n");
    assert_has(folder_fail(*state), ".env, line 2: NAME");
}

static void what_laravel_hands_over_beats_the_environment(void **state)
{
    struct folder *folder = *state;
    int before = dup(STDIN_FILENO);

    setenv("REVERB_SERVER_PORT", "1", 1);
    setenv("REVERB_HOST", "other.test", 1);
    setenv("REVERB_WORKERS", "2", 1);
    folder_write("handed.json",
                 "{\"servers\": {\"reverb\": {\"port\": 9, \"hostname\": null}}, " APPS "}");
    assert_non_null(freopen("handed.json", "r", stdin));
    folder->options.config_file = "-";
    assert_int_equal(folder_load(folder)->port, 9);
    assert_null(folder->config->hostname);
    assert_int_equal(folder->config->workers, 2);
    dup2(before, STDIN_FILENO);
    close(before);
}

static void an_error_is_one_line_whatever_the_value_holds(void **state)
{
    folder_set_app();
    setenv("REVERB_SERVER_PORT", "a\nb", 1);
    assert_has(folder_fail(*state), "\"a b\"");
}

/* In processor time, as the test may share the machine; the quickest of several counts. */
static void it_loads_within_five_milliseconds(void **state)
{
    struct folder *folder = *state;
    clock_t quickest = CLOCKS_PER_SEC;

    folder_write_config(folder, "{" APPS "}");
    folder_write(".env", "A=b\n");
    for (int i = 0; i < 20; i++) {
        clock_t start = clock();
        clock_t taken;

        folder_load(folder);
        taken = clock() - start;
        if (taken < quickest)
            quickest = taken;
    }
    assert_true(quickest < CLOCKS_PER_SEC / 1000 * 5);
}

static void nothing_is_freed_for_nothing(void **state)
{
    (void)state;
    config_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(three_variables_are_enough),
        FOLDER_TEST(an_option_beats_the_environment_beats_env_beats_the_file_beats_the_default),
        FOLDER_TEST(each_option_sets_its_value),
        FOLDER_TEST(each_variable_of_the_server_sets_its_value),
        FOLDER_TEST(each_key_of_the_server_sets_its_value),
        FOLDER_TEST(an_empty_variable_is_not_given),
        FOLDER_TEST(an_empty_path_is_a_path),
        FOLDER_TEST(null_in_the_file_is_not_given),
        FOLDER_TEST(the_default_names_the_server_that_counts),
        FOLDER_TEST(an_error_names_the_place_the_value_and_what_is_right),
        FOLDER_TEST(the_proxy_protocol_needs_proxies_that_are_trusted),
        FOLDER_TEST(wrong_types_in_the_file_are_errors),
        FOLDER_TEST(what_only_laravel_reads_is_accepted),
        FOLDER_TEST(an_unknown_key_is_an_error_with_the_nearest_right_one),
        FOLDER_TEST(a_file_that_is_not_there_or_not_json_is_an_error),
        FOLDER_TEST(an_environment_file_that_is_named_must_be_there),
        FOLDER_TEST(a_broken_environment_file_is_an_error),
        FOLDER_TEST(what_laravel_hands_over_beats_the_environment),
        FOLDER_TEST(an_error_is_one_line_whatever_the_value_holds),
        FOLDER_TEST(it_loads_within_five_milliseconds),
        FOLDER_TEST(nothing_is_freed_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
