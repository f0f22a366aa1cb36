#include "config/apps.h"

#include "unit/config/folder.h"

static void write_apps(struct folder *folder, const char *apps)
{
    struct buffer json = {0};

    buffer_printf(&json, "{\"apps\": {\"apps\": %s}}", apps);
    folder_write_config(folder, buffer_text(&json));
    buffer_deinit(&json);
}

static void the_app_of_the_environment_has_the_defaults_of_today(void **state)
{
    const struct config_app *app;

    folder_set_app();
    app = folder_load(*state)->apps;
    assert_string_equal(app->id, "1001");
    assert_string_equal(app->key, "the-key");
    assert_string_equal(app->secret, "the-secret");
    assert_int_equal(app->allowed_origins_count, 1);
    assert_string_equal(app->allowed_origins[0], "*");
    assert_int_equal(app->ping_interval_s, 60);
    assert_int_equal(app->activity_timeout_s, 30);
    assert_int_equal(app->max_connections, 0);
    assert_int_equal(app->max_subscriptions, 10000);
    assert_int_equal(app->max_watched, 1000);
    assert_int_equal(app->max_message_size_bytes, 10000);
    assert_int_equal(app->accept_client_events_from, CONFIG_CLIENT_EVENTS_MEMBERS);
    assert_false(app->rate_limiting.enabled);
    assert_int_equal(app->rate_limiting.max_attempts, 60);
    assert_int_equal(app->rate_limiting.decay_s, 60);
    assert_false(app->rate_limiting.terminate_on_limit);
    assert_int_equal(app->auth_timestamp_tolerance_s, 600);
    assert_int_equal(app->cache_ttl_s, 1800);
    assert_false(app->subscription_counts);
    assert_false(app->answer_early);
    assert_false(app->public_client_events);
    assert_false(app->strict);
}

static void an_origin_that_none_can_match_is_warned_of(void **state)
{
    struct folder *folder = *state;

    folder_set_app();
    setenv("REVERB_APP_ALLOWED_ORIGINS", "a.test,https://a.test,localhost:5173,a b", 1);
    folder_load(folder);
    assert_has(buffer_text(&folder->warnings), "\"https://a.test\" matches no origin");
    assert_has(buffer_text(&folder->warnings), "\"localhost:5173\" matches no origin");
    assert_has(buffer_text(&folder->warnings), "\"a b\" matches no origin");
    assert_lacks(buffer_text(&folder->warnings), "\"a.test\"");
}

static void each_variable_of_an_app_sets_its_value(void **state)
{
    const struct config_app *app;

    folder_set_app();
    setenv("REVERB_APP_ALLOWED_ORIGINS", "a.test, *.b.test,,", 1);
    setenv("REVERB_APP_PING_INTERVAL", "1", 1);
    setenv("REVERB_APP_ACTIVITY_TIMEOUT", "2", 1);
    setenv("REVERB_APP_MAX_CONNECTIONS", "3", 1);
    setenv("REVERB_APP_MAX_SUBSCRIPTIONS", "9", 1);
    setenv("REVERB_APP_MAX_MESSAGE_SIZE", "4", 1);
    setenv("REVERB_APP_ACCEPT_CLIENT_EVENTS_FROM", "none", 1);
    setenv("REVERB_APP_RATE_LIMITING_ENABLED", "true", 1);
    setenv("REVERB_APP_RATE_LIMIT_MAX_ATTEMPTS", "5", 1);
    setenv("REVERB_APP_RATE_LIMIT_DECAY_SECONDS", "6", 1);
    setenv("REVERB_APP_RATE_LIMIT_TERMINATE", "true", 1);
    setenv("REVERB_APP_AUTH_TIMESTAMP_TOLERANCE", "0", 1);
    setenv("REVERB_APP_CACHE_TTL", "7", 1);
    setenv("REVERB_APP_SUBSCRIPTION_COUNTS", "true", 1);
    setenv("REVERB_APP_ANSWER_EARLY", "true", 1);
    setenv("REVERB_APP_PUBLIC_CLIENT_EVENTS", "true", 1);
    setenv("REVERB_APP_STRICT", "true", 1);
    app = folder_load(*state)->apps;
    assert_int_equal(app->allowed_origins_count, 2);
    assert_string_equal(app->allowed_origins[1], "*.b.test");
    assert_int_equal(app->ping_interval_s, 1);
    assert_int_equal(app->activity_timeout_s, 2);
    assert_int_equal(app->max_connections, 3);
    assert_int_equal(app->max_subscriptions, 9);
    assert_int_equal(app->max_message_size_bytes, 4);
    assert_int_equal(app->accept_client_events_from, CONFIG_CLIENT_EVENTS_NONE);
    assert_true(app->rate_limiting.enabled);
    assert_int_equal(app->rate_limiting.max_attempts, 5);
    assert_int_equal(app->rate_limiting.decay_s, 6);
    assert_true(app->rate_limiting.terminate_on_limit);
    assert_int_equal(app->auth_timestamp_tolerance_s, 0);
    assert_int_equal(app->cache_ttl_s, 7);
    assert_true(app->answer_early);
    assert_true(app->subscription_counts);
    assert_true(app->public_client_events);
    assert_true(app->strict);
}

static void each_key_of_a_listed_app_sets_its_value(void **state)
{
    const struct config_app *app;

    write_apps(*state,
               "[{\"app_id\": \"1\", \"key\": \"k\", \"secret\": \"s\", \"allowed_origins\": "
               "[\"a.test\", \"b.test\"], \"ping_interval\": \"1\", \"activity_timeout\": 2, "
               "\"max_connections\": 3, \"max_subscriptions\": \"9\", \"max_message_size\": 4, "
               "\"accept_client_events_from\": "
               "\"members\", \"rate_limiting\": {\"enabled\": \"true\", \"max_attempts\": 5, "
               "\"decay_seconds\": 6, \"terminate_on_limit\": true}, "
               "\"auth_timestamp_tolerance\": 8, \"cache_ttl\": 7, \"subscription_counts\": 1, "
               "\"public_client_events\": true, \"strict\": \"false\"}]");
    app = folder_load(*state)->apps;
    assert_int_equal(app->allowed_origins_count, 2);
    assert_string_equal(app->allowed_origins[0], "a.test");
    assert_int_equal(app->ping_interval_s, 1);
    assert_int_equal(app->activity_timeout_s, 2);
    assert_int_equal(app->max_connections, 3);
    assert_int_equal(app->max_subscriptions, 9);
    assert_int_equal(app->max_message_size_bytes, 4);
    assert_int_equal(app->accept_client_events_from, CONFIG_CLIENT_EVENTS_MEMBERS);
    assert_true(app->rate_limiting.enabled);
    assert_int_equal(app->rate_limiting.max_attempts, 5);
    assert_int_equal(app->rate_limiting.decay_s, 6);
    assert_true(app->rate_limiting.terminate_on_limit);
    assert_int_equal(app->auth_timestamp_tolerance_s, 8);
    assert_int_equal(app->cache_ttl_s, 7);
    assert_true(app->subscription_counts);
    assert_true(app->public_client_events);
    assert_false(app->strict);
}

static void an_app_with_an_identity_alone_takes_the_defaults(void **state)
{
    const struct config_app *app;

    write_apps(*state, "[{\"app_id\": \"1\", \"key\": \"k\", \"secret\": \"s\"}]");
    app = folder_load(*state)->apps;
    assert_int_equal(app->accept_client_events_from, CONFIG_CLIENT_EVENTS_MEMBERS);
    assert_int_equal(app->activity_timeout_s, 30);
    assert_int_equal(app->ping_interval_s, 60);
    assert_int_equal(app->max_connections, 0);
    assert_int_equal(app->max_subscriptions, 10000);
    assert_int_equal(app->max_message_size_bytes, 10000);
    assert_string_equal(app->allowed_origins[0], "*");
    assert_false(app->rate_limiting.enabled);
}

static void several_apps_are_kept_apart(void **state)
{
    const struct config *config;

    write_apps(*state, "[{\"app_id\": \"1\", \"key\": \"k1\", \"secret\": \"s\", "
                       "\"max_connections\": 5}, "
                       "{\"app_id\": \"2\", \"key\": \"k2\", \"secret\": \"s\"}]");
    config = folder_load(*state);
    assert_int_equal(config->apps_count, 2);
    assert_int_equal(config->apps[0].max_connections, 5);
    assert_int_equal(config->apps[1].max_connections, 0);
    assert_string_equal(config->apps[1].key, "k2");
}

static void a_list_that_php_wrote_with_gaps_is_a_list(void **state)
{
    const struct config *config;

    write_apps(*state, "{\"3\": {\"app_id\": \"1\", \"key\": \"k1\", \"secret\": \"s\", "
                       "\"allowed_origins\": {\"1\": \"a.test\", \"4\": \"b.test\"}}}");
    config = folder_load(*state);
    assert_int_equal(config->apps_count, 1);
    assert_int_equal(config->apps[0].allowed_origins_count, 2);
    assert_string_equal(config->apps[0].allowed_origins[1], "b.test");
}

static void no_allowed_origin_allows_none(void **state)
{
    write_apps(*state, "[{\"app_id\": \"1\", \"key\": \"k\", \"secret\": \"s\", "
                       "\"allowed_origins\": []}]");
    assert_int_equal(folder_load(*state)->apps[0].allowed_origins_count, 0);
}

static void the_environment_makes_no_app_where_the_file_lists_some(void **state)
{
    folder_set_app();
    write_apps(*state, "[{\"app_id\": \"1\", \"key\": \"k\", \"secret\": \"s\"}]");
    assert_int_equal(folder_load(*state)->apps_count, 1);
    assert_string_equal(folder_load(*state)->apps[0].id, "1");
}

static void an_empty_list_leaves_it_to_the_environment(void **state)
{
    folder_set_app();
    write_apps(*state, "[]");
    assert_string_equal(folder_load(*state)->apps[0].id, "1001");
}

static void the_environment_fills_in_only_what_a_listed_app_lacks(void **state)
{
    const struct config *config;

    write_apps(*state, "[{\"app_id\": \"1\", \"key\": \"k1\", \"secret\": \"s\"}, {\"app_id\": "
                       "\"2\", \"key\": \"k2\", \"secret\": \"s\", \"cache_ttl\": 9, "
                       "\"max_connections\": null}]");
    setenv("REVERB_APP_CACHE_TTL", "5", 1);
    setenv("REVERB_APP_MAX_CONNECTIONS", "100", 1);
    config = folder_load(*state);
    assert_int_equal(config->apps[0].cache_ttl_s, 5);
    assert_int_equal(config->apps[1].cache_ttl_s, 9);
    assert_int_equal(config->apps[0].max_connections, 100);
    assert_int_equal(config->apps[1].max_connections, 0);
}

static void no_app_at_all_is_an_error_that_tells_how_to_make_one(void **state)
{
    struct folder *folder = *state;

    assert_has(folder_fail(folder), "set REVERB_APP_ID, REVERB_APP_KEY and REVERB_APP_SECRET");
    folder_write_config(folder, "{}");
    assert_has(folder_fail(folder), "no app is configured");
}

static void an_incomplete_app_of_the_environment_is_named(void **state)
{
    folder_set_app();
    unsetenv("REVERB_APP_SECRET");
    assert_string_equal(folder_fail(*state), "the app 1001 has no secret; set REVERB_APP_SECRET");
    folder_set_app();
    setenv("REVERB_APP_ID", "", 1);
    assert_string_equal(folder_fail(*state), "the app without an id has no app_id; set "
                                             "REVERB_APP_ID");
}

static void an_incomplete_listed_app_is_named_and_gets_nothing_from_elsewhere(void **state)
{
    folder_set_app();
    write_apps(*state, "[{\"app_id\": \"1\", \"key\": \"k\", \"secret\": null}]");
    assert_string_equal(folder_fail(*state), "apps.apps.0 in reverb.json: the app 1 has no secret; "
                                             "give one");
    write_apps(*state, "[{\"app_id\": \"1\", \"key\": \"\", \"secret\": \"s\"}]");
    assert_has(folder_fail(*state), "the app 1 has no key");
    write_apps(*state, "[null]");
    assert_has(folder_fail(*state), "apps.apps.0 in reverb.json: the app without an id");
}

static void two_apps_with_one_id_or_one_key_are_named(void **state)
{
    write_apps(*state, "[{\"app_id\": \"1\", \"key\": \"a\", \"secret\": \"s\"}, {\"app_id\": 1, "
                       "\"key\": \"b\", \"secret\": \"s\"}]");
    assert_has(folder_fail(*state), "apps.apps.1: another app has the id \"1\"");
    write_apps(*state, "[{\"app_id\": \"1\", \"key\": \"a\", \"secret\": \"s\"}, {\"app_id\": 2, "
                       "\"key\": \"a\", \"secret\": \"s\"}]");
    assert_has(folder_fail(*state), "the apps \"1\" and \"2\" have the same key");
}

static void wrong_values_of_an_app_are_named(void **state)
{
    static const struct {
        const char *entry;
        const char *part;
    } wrong[] = {
        {"\"ping_interval\": 0", "apps.apps.0.ping_interval in reverb.json: \"0\" is out of range"},
        {"\"accept_client_events_from\": \"some\"", "give all, members or none"},
        {"\"allowed_origins\": 5", "a number does not fit; give a list of texts"},
        {"\"allowed_origins\": [5]", "a number does not fit; give a list of texts"},
        {"\"rate_limiting\": true", "apps.apps.0.rate_limiting in reverb.json is not an object"},
        {"\"rate_limiting\": {\"enable\": true}", "did you mean enabled?"},
        {"\"options\": {\"useTLS\": \"x\"}", "apps.apps.0.options.useTLS"},
        {"\"options\": {\"port\": \"x\"}", "apps.apps.0.options.port"},
        {"\"secret\": {\"x\": \"s3cr3t\"}", "apps.apps.0.secret"},
    };
    struct folder *folder = *state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buffer apps = {0};

        buffer_printf(&apps, "[{\"app_id\": \"1\", \"key\": \"k\", %s}]", wrong[i].entry);
        write_apps(folder, buffer_text(&apps));
        assert_has(folder_fail(folder), wrong[i].part);
        assert_lacks(buffer_text(&folder->error), "s3cr3t");
        buffer_deinit(&apps);
    }
    write_apps(folder, "5");
    assert_has(folder_fail(folder), "apps.apps in reverb.json is not a list");
    write_apps(folder, "[5]");
    assert_has(folder_fail(folder), "apps.apps.0 in reverb.json is not an object");
}

static void another_provider_needs_the_laravel_package(void **state)
{
    struct folder *folder = *state;

    folder_write_config(folder, "{\"apps\": {\"provider\": \"database\"}}");
    assert_has(folder_fail(folder), "apps.provider in reverb.json: \"database\" is a provider");
    assert_has(buffer_text(&folder->error), "php artisan reverb:start");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(the_app_of_the_environment_has_the_defaults_of_today),
        FOLDER_TEST(an_origin_that_none_can_match_is_warned_of),
        FOLDER_TEST(each_variable_of_an_app_sets_its_value),
        FOLDER_TEST(each_key_of_a_listed_app_sets_its_value),
        FOLDER_TEST(an_app_with_an_identity_alone_takes_the_defaults),
        FOLDER_TEST(several_apps_are_kept_apart),
        FOLDER_TEST(a_list_that_php_wrote_with_gaps_is_a_list),
        FOLDER_TEST(no_allowed_origin_allows_none),
        FOLDER_TEST(the_environment_makes_no_app_where_the_file_lists_some),
        FOLDER_TEST(an_empty_list_leaves_it_to_the_environment),
        FOLDER_TEST(the_environment_fills_in_only_what_a_listed_app_lacks),
        FOLDER_TEST(no_app_at_all_is_an_error_that_tells_how_to_make_one),
        FOLDER_TEST(an_incomplete_app_of_the_environment_is_named),
        FOLDER_TEST(an_incomplete_listed_app_is_named_and_gets_nothing_from_elsewhere),
        FOLDER_TEST(two_apps_with_one_id_or_one_key_are_named),
        FOLDER_TEST(wrong_values_of_an_app_are_named),
        FOLDER_TEST(another_provider_needs_the_laravel_package),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
