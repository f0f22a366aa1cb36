#include "cli/target.h"

#include "unit/config/folder.h"

static struct cli_target target;
static struct buffer error;

static bool open_target(struct cli_target_options options)
{
    cli_target_close(&target);
    buffer_clear(&error);
    return cli_target_open(&target, &options, &error);
}

#define OPEN(...) open_target((struct cli_target_options){__VA_ARGS__})

static void assert_url(bool is_secure, const char *host, uint16_t port, const char *path)
{
    assert_int_equal(target.server.url.is_secure, is_secure);
    assert_string_equal(target.server.url.host, host);
    assert_int_equal(target.server.url.port, port);
    assert_string_equal(target.server.url.path, path);
}

static void a_command_line_that_says_all_needs_no_configuration(void **state)
{
    (void)state;
    assert_true(OPEN(.url = "wss://127.0.0.1:4430/x/", .app_id = "1", .key = "k", .secret = "s",
                     .origin = "http://o"));
    assert_null(target.config);
    assert_url(true, "127.0.0.1", 4430, "/x");
    assert_string_equal(target.server.app->key, "k");
    assert_string_equal(target.server.origin, "http://o");
}

static void without_a_url_this_machines_server_is_meant(void **state)
{
    (void)state;
    folder_set_app();
    setenv("REVERB_SERVER_PORT", "6001", 1);
    setenv("REVERB_SERVER_PATH", "/ws", 1);
    assert_true(OPEN(.url = NULL));
    assert_url(false, "127.0.0.1", 6001, "/ws");
    assert_string_equal(target.server.app->id, "1001");
    setenv("REVERB_SERVER_HOST", "::", 1);
    assert_true(OPEN(.url = NULL));
    assert_url(false, "::1", 6001, "/ws");
}

static void a_server_on_a_unix_socket_is_reached_there(void **state)
{
    char too_long[300];

    (void)state;
    folder_set_app();
    setenv("REVERB_SERVER_HOST", "unix:/run/reverb.sock", 1);
    setenv("REVERB_SERVER_PORT", "6001", 1);
    assert_true(OPEN(.url = NULL));
    assert_string_equal(target.server.socket, "/run/reverb.sock");
    assert_false(target.server.sends_header);
    assert_true(OPEN(.port = "6001"));
    assert_string_equal(target.server.socket, "/run/reverb.sock");
    setenv("REVERB_TRUSTED_PROXIES", "unix", 1);
    setenv("REVERB_PROXY_PROTOCOL", "true", 1);
    assert_true(OPEN(.url = NULL));
    assert_true(target.server.sends_header);
    assert_true(OPEN(.port = "6002")); /* another server */
    assert_null(target.server.socket);
    assert_false(target.server.sends_header);
    assert_true(OPEN(.url = "ws://127.0.0.1:80"));
    assert_null(target.server.socket);
    assert_false(target.server.sends_header);
    setenv("REVERB_HOST", "127.0.0.2", 1);
    assert_true(OPEN(.url = NULL));
    assert_null(target.server.socket);
    assert_false(target.server.sends_header);
    unsetenv("REVERB_HOST");
    setenv("REVERB_TRUSTED_PROXIES", "10.0.0.0/8,127.0.0.1", 1);
    setenv("REVERB_SERVER_HOST", "0.0.0.0", 1);
    assert_true(OPEN(.url = NULL));
    assert_true(target.server.sends_header);
    snprintf(too_long, sizeof too_long, "unix:/%0200d", 0);
    setenv("REVERB_SERVER_HOST", too_long, 1);
    assert_false(OPEN(.url = NULL));
    assert_true(strstr(buffer_text(&error), "is too long for a Unix socket") != NULL);
}

static void the_address_that_browsers_are_told_comes_first(void **state)
{
    (void)state;
    folder_set_app();
    setenv("REVERB_HOST", "127.0.0.2", 1);
    setenv("REVERB_PORT", "8443", 1);
    setenv("REVERB_SCHEME", "https", 1);
    assert_true(OPEN(.url = NULL));
    assert_url(true, "127.0.0.2", 8443, "");
    unsetenv("REVERB_HOST");
    setenv("REVERB_SCHEME", "http", 1);
    assert_true(OPEN(.url = NULL));
    assert_url(false, "127.0.0.1", 8443, "");
    assert_true(OPEN(.port = "6010"));
    assert_url(false, "127.0.0.1", 6010, "");
}

static void the_app_is_the_one_of_that_id_and_key(void **state)
{
    (void)state;
    folder_write("two.json", "{\"apps\": {\"apps\": ["
                             "{\"app_id\": \"1\", \"key\": \"k1\", \"secret\": \"s1\"},"
                             "{\"app_id\": \"2\", \"key\": \"k2\", \"secret\": \"s2\"}]}}");
    assert_true(OPEN(.config_file = "two.json", .app_id = "2"));
    assert_string_equal(target.server.app->secret, "s2");
    assert_true(OPEN(.config_file = "two.json", .key = "k1", .secret = "other"));
    assert_string_equal(target.server.app->id, "1");
    assert_string_equal(target.server.app->secret, "other");
    assert_false(OPEN(.config_file = "two.json", .app_id = "2", .key = "k1"));
    assert_has(buffer_text(&error), "the configuration has no app of that --app-id and --key");
}

static void what_is_wrong_is_said_in_one_line(void **state)
{
    (void)state;
    folder_set_app();
    assert_false(OPEN(.port = "0"));
    assert_string_equal(buffer_text(&error),
                        "--port \"0\" is no port; give a number from 1 to 65535");
    assert_false(OPEN(.url = "ftp://x"));
    assert_true(error.len > 0);
    assert_false(OPEN(.config_file = "none.json"));
    assert_has(buffer_text(&error), "none.json");
}

static int release(void **state)
{
    (void)state;
    cli_target_close(&target);
    buffer_deinit(&error);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(a_command_line_that_says_all_needs_no_configuration),
        FOLDER_TEST(without_a_url_this_machines_server_is_meant),
        FOLDER_TEST(a_server_on_a_unix_socket_is_reached_there),
        FOLDER_TEST(the_address_that_browsers_are_told_comes_first),
        FOLDER_TEST(the_app_is_the_one_of_that_id_and_key),
        FOLDER_TEST(what_is_wrong_is_said_in_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
