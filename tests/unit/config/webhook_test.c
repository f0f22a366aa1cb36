#include "config/webhook.h"

#include "unit/config/folder.h"

/* A configuration whose app has these webhooks; `webhooks` is JSON. */
static void write_webhooks(struct folder *folder, const char *webhooks)
{
    struct buffer text = {0};

    buffer_printf(&text,
                  "{\"apps\": {\"apps\": [{\"app_id\": \"1\", \"key\": \"k\", \"secret\": \"s\", "
                  "\"webhooks\": %s}]}}",
                  webhooks);
    folder_write_config(folder, buffer_text(&text));
    buffer_deinit(&text);
}

static void each_key_sets_its_value(void **state)
{
    struct folder *folder = *state;
    const struct config_app *app;
    const struct config_webhook *webhook;

    write_webhooks(folder,
                   "[{\"url\": \"https://a.test/\"}, {\"url\": \"http://user:pw@b.test:81/x?y\", "
                   "\"events\": [\"client_event\", \"cache_miss\"], \"headers\": {\"X-A\": \"1\", "
                   "\"X-B\": \"\"}, \"filter\": {\"channel_name_starts_with\": \"a\", "
                   "\"channel_name_ends_with\": \"z\"}, \"batching\": {\"enabled\": false, "
                   "\"max_events\": 2, \"max_delay_ms\": 3, \"max_payload_bytes\": 4000}, "
                   "\"disconnect_smoothing_ms\": 5, \"timeout\": 6, \"retry_for\": 7}]");
    app = &folder_load(folder)->apps[0];
    assert_int_equal(app->webhooks_count, 2);
    webhook = &app->webhooks[0];
    assert_string_equal(webhook->url, "https://a.test/");
    assert_int_equal(webhook->kinds, 0xf);
    assert_true(webhook->batching_enabled);
    assert_int_equal(webhook->batching_max_events, 100);
    assert_int_equal(webhook->batching_max_delay_ms, 50);
    assert_int_equal(webhook->batching_max_payload_bytes, 262144);
    assert_int_equal(webhook->disconnect_smoothing_ms, 3000);
    assert_int_equal(webhook->timeout_s, 5);
    assert_int_equal(webhook->retry_for_s, 300);
    assert_true(config_webhook_matches(webhook, BYTES("any")));
    webhook = &app->webhooks[1];
    assert_int_equal(webhook->kinds,
                     1u << CONFIG_WEBHOOK_CLIENT_EVENT | 1u << CONFIG_WEBHOOK_CACHE_MISS);
    assert_string_equal(webhook->headers[0], "X-A: 1");
    assert_string_equal(webhook->headers[1], "X-B;");
    assert_false(webhook->batching_enabled);
    assert_int_equal(webhook->batching_max_events, 2);
    assert_int_equal(webhook->retry_for_s, 7);
    assert_true(config_webhook_matches(webhook, BYTES("a-z")));
    assert_false(config_webhook_matches(webhook, BYTES("a-")));
    assert_false(config_webhook_matches(webhook, BYTES("")));
}

static void one_may_stand_without_a_list_and_none_is_none(void **state)
{
    static const char *const none[] = {"null", "[]", "{}", "{\"url\": null}", "[{\"url\": \"\"}]"};
    struct folder *folder = *state;

    setenv("REVERB_WEBHOOK_URL", "https://environment.test/", 1);
    write_webhooks(folder, "{\"url\": \"https://a.test/\"}");
    assert_string_equal(folder_load(folder)->apps[0].webhooks[0].url, "https://a.test/");
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        write_webhooks(folder, none[i]);
        assert_int_equal(folder_load(folder)->apps[0].webhooks_count, 0);
    }
}

static void the_environment_gives_one_to_an_app_that_mentions_none(void **state)
{
    struct folder *folder = *state;
    const struct config_app *app;

    folder_set_app();
    setenv("REVERB_WEBHOOK_URL", "https://environment.test/hooks", 1);
    setenv("REVERB_WEBHOOK_EVENTS", "member_added, member_removed", 1);
    app = &folder_load(folder)->apps[0];
    assert_int_equal(app->webhooks_count, 1);
    assert_string_equal(app->webhooks[0].url, "https://environment.test/hooks");
    assert_int_equal(app->webhooks[0].kinds, 0xc);
}

static void artisan_stands_in_the_place_of_a_url(void **state)
{
    struct folder *folder = *state;
    const struct config_app *app;

    write_webhooks(folder, "[{\"url\": \"artisan\"}, {\"url\": \"https://artisan/\"}]");
    app = &folder_load(folder)->apps[0];
    assert_int_equal(app->webhooks_count, 2);
    assert_true(config_webhook_is_artisan(&app->webhooks[0]));
    assert_false(config_webhook_is_artisan(&app->webhooks[1]));
    assert_int_equal(app->webhooks[0].kinds, 0xf);
    assert_has(folder_print(folder), " artisan ");
}

static void a_mistake_is_named(void **state)
{
    static const char *const mistakes[][2] = {
        {"{\"url\": \"a b\"}", "has a character that a URL cannot have"},
        {"{\"url\": \"hooks\"}", "is not a URL of http or https"},
        {"{\"url\": \"Artisan\"}", "give one such as https://example.com/webhooks, or artisan"},
        {"{\"url\": \"ftp://a.test/\"}", "is not a URL of http or https"},
        {"{\"url\": \"https://\"}", "has no host"},
        {"{\"url\": \"https://a.test:0/\"}", "has a port that cannot be one"},
        {"{\"url\": \"https://[::1]:x/\"}", "has a port that cannot be one"},
        {"{\"url\": \"https://a.test/\", \"events\": [\"x\"]}", "is no event"},
        {"{\"url\": \"https://a.test/\", \"events\": []}", "none is named"},
        {"{\"url\": \"https://a.test/\", \"headers\": {\"a b\": \"c\"}}", "cannot be sent"},
        {"{\"url\": \"https://a.test/\", \"headers\": {\"Host\": \"c\"}}", "cannot be sent"},
        {"{\"url\": \"https://a.test/\", \"headers\": {\"a\": \"c\\r\\nd: e\"}}", "cannot be sent"},
        {"{\"url\": \"https://a.test/\", \"retry\": 1}", "did you mean retry_for"},
        {"{\"url\": \"https://a.test/\", \"timeout\": 0}", "is out of range"},
        {"7", "is no list"},
    };
    struct folder *folder = *state;

    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        write_webhooks(folder, mistakes[i][0]);
        assert_has(folder_fail(folder), mistakes[i][1]);
    }
}

static void what_may_be_secret_is_not_printed(void **state)
{
    struct folder *folder = *state;
    const char *printed;

    write_webhooks(folder, "[{\"url\": \"https://somebody:hidden@a.test:81/hooks?token=hidden\", "
                           "\"headers\": {\"Authorization\": \"hidden\"}}]");
    folder_load(folder);
    printed = folder_print(folder);
    assert_has(printed, "apps.apps.0.webhooks.0.url");
    assert_has(printed, "https://a.test:81/hooks ");
    assert_lacks(printed, "hidden");
    assert_lacks(printed, "somebody");
}

static void a_copy_outlives_what_it_was_made_of(void **state)
{
    struct folder *folder = *state;
    struct config_webhook copy;

    write_webhooks(folder, "[{\"url\": \"https://a.test/\", \"headers\": {\"X-A\": \"1\"}}]");
    config_webhook_copy(&copy, &folder_load(folder)->apps[0].webhooks[0]);
    write_webhooks(folder, "[]");
    folder_load(folder);
    assert_string_equal(copy.url, "https://a.test/");
    assert_string_equal(copy.headers[0], "X-A: 1");
    config_webhook_deinit(&copy);
    assert_null(copy.url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(each_key_sets_its_value),
        FOLDER_TEST(one_may_stand_without_a_list_and_none_is_none),
        FOLDER_TEST(the_environment_gives_one_to_an_app_that_mentions_none),
        FOLDER_TEST(a_mistake_is_named),
        FOLDER_TEST(artisan_stands_in_the_place_of_a_url),
        FOLDER_TEST(what_may_be_secret_is_not_printed),
        FOLDER_TEST(a_copy_outlives_what_it_was_made_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
