#include "webhook/webhook.h"

#include "pusher/app.h"
#include "support/unit.h"
#include "webhook/body.h"
#include "webhook/observe.h"
#include "webhook/status.h"

#include <unistd.h>

/* An app with one webhook, at a port on which nothing listens. */
static struct config_webhook settings = {
    .where = NULL,
    .url = (char *)(uintptr_t) "http://127.0.0.1:1/hooks",
    .kinds = (1u << CONFIG_WEBHOOK_KINDS_COUNT) - 1,
    .batching_max_events = 1,
    .timeout_s = 1,
};

static struct config_app app_settings = {
    .id = (char *)(uintptr_t) "app",
    .key = (char *)(uintptr_t) "key",
    .secret = (char *)(uintptr_t) "secret",
    .webhooks = &settings,
    .webhooks_count = 1,
};

static const struct config config = {
    .apps = &app_settings,
    .apps_count = 1,
    .webhook_max_queue_bytes = 1000000,
};

static void count_dropped(const struct webhook_target *target, uint64_t now_ms, void *user)
{
    (void)now_ms;
    *(uint64_t *)user += target->expired_count;
}

static void what_cannot_be_sent_is_counted_and_the_end_comes(void **state)
{
    const struct config none = {0};
    struct buffer error = {0};
    struct buffer status = {0};
    struct webhook *webhook = webhook_new(&config, NULL, &error);
    const struct pusher_observers *observer = webhook_observe(webhook, NULL);
    struct pusher_app app = {.id = (char *)(uintptr_t) "app"};
    char lock[] = "/tmp/reverb-webhook-test-XXXXXX";
    char next[sizeof lock + sizeof ".next"];
    uint64_t dropped = 0;

    (void)state;
    assert_true(mkstemp(lock) >= 0);
    atomic_init(&app.webhook_kinds, settings.kinds);
    webhook_start(webhook, lock);
    observer->events->on_channel_created(observer->user, &app, BYTES("a"));
    observer->events->on_member_added(observer->user, &app, BYTES("a"), BYTES("ann"), BYTES("{}"));
    observer->events->on_member_removed(observer->user, &app, BYTES("a"), BYTES("ann"));
    observer->events->on_channel_removed(observer->user, &app, BYTES("a"));
    observer->events->on_cache_miss(observer->user, &app, BYTES("cache-a"));
    observer->events->on_subscription_count(observer->user, &app, BYTES("a"), 3);
    webhook_reload(webhook, &config);
    webhook_end(webhook);
    webhook_visit(webhook, count_dropped, &dropped);
    assert_int_equal(dropped, 6);
    webhook_status_write(webhook, &status);
    assert_non_null(strstr(buffer_text(&status), "\"dropped\":6"));
    assert_true(webhook_has_targets(webhook));
    webhook_reload(webhook, &none);
    assert_false(webhook_has_targets(webhook));
    webhook_free(webhook);
    buffer_deinit(&status);
    buffer_deinit(&error);
    unlink(lock);
    snprintf(next, sizeof next, "%s.next", lock);
    unlink(next);
}

static void an_app_without_webhooks_costs_a_look(void **state)
{
    struct buffer error = {0};
    const struct config none = {0};
    struct webhook *webhook = webhook_new(&none, NULL, &error);
    struct pusher_app app = {.id = (char *)(uintptr_t) "app"};

    (void)state;
    webhook_start(webhook, NULL);
    webhook_observe_events.on_channel_created(webhook_intake(webhook), &app, BYTES("a"));
    webhook_observe_events.on_channel_removed(webhook_intake(webhook), &app, BYTES("a"));
    assert_null(webhook_intake(webhook)->first);
    webhook_end(webhook);
    webhook_free(webhook);
}

static void a_first_webhook_comes_with_a_reload(void **state)
{
    struct buffer error = {0};
    const struct config none = {0};
    struct webhook *webhook = webhook_new(&none, NULL, &error);
    struct pusher_app app = {.id = (char *)(uintptr_t) "app"};
    uint64_t dropped = 0;

    (void)state;
    atomic_init(&app.webhook_kinds, settings.kinds);
    webhook_start(webhook, NULL);
    assert_true(webhook_prepare(webhook, &none, &error));
    webhook_observe_events.on_channel_created(webhook_intake(webhook), &app, BYTES("a"));
    assert_true(webhook_prepare(webhook, &config, &error));
    webhook_observe_events.on_channel_removed(webhook_intake(webhook), &app, BYTES("a"));
    webhook_reload(webhook, &config);
    webhook_end(webhook);
    webhook_visit(webhook, count_dropped, &dropped);
    assert_int_equal(dropped, 2);
    assert_int_equal(error.len, 0);
    webhook_free(webhook);
}

static const char *take_nothing(struct bytes app_id, struct bytes body, void *user)
{
    (void)app_id;
    (void)body;
    (void)user;
    return "full";
}

static void artisan_needs_a_pipe_at_the_start_and_at_a_reload(void **state)
{
    const struct webhook_pipe pipe = {take_nothing, NULL};
    const struct config none = {0};
    struct config_webhook to_artisan = settings;
    struct config_app app = app_settings;
    struct config asks = config;
    struct buffer error = {0};
    struct webhook *webhook;

    (void)state;
    to_artisan.url = (char *)(uintptr_t) "artisan";
    app.webhooks = &to_artisan;
    asks.apps = &app;
    assert_null(webhook_new(&asks, NULL, &error));
    assert_non_null(strstr(buffer_text(&error), "start it by php artisan reverb:start"));
    buffer_clear(&error);
    webhook = webhook_new(&none, NULL, &error);
    assert_false(webhook_prepare(webhook, &asks, &error));
    assert_non_null(strstr(buffer_text(&error), "no artisan has started this server"));
    webhook_free(webhook);
    buffer_clear(&error);
    webhook = webhook_new(&asks, &pipe, &error);
    assert_non_null(webhook);
    assert_true(webhook_prepare(webhook, &asks, &error));
    webhook_free(webhook);
    assert_int_equal(error.len, 0);
    buffer_deinit(&error);
}

static void the_example_is_of_two_events(void **state)
{
    struct buffer body = {0};

    (void)state;
    webhook_body_example(&body, BYTES("app"));
    assert_non_null(strstr(buffer_text(&body), "\"name\":\"channel_occupied\""));
    assert_non_null(strstr(buffer_text(&body), "\"sequence\":2}]}"));
    buffer_deinit(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_sent_is_counted_and_the_end_comes),
        cmocka_unit_test(an_app_without_webhooks_costs_a_look),
        cmocka_unit_test(a_first_webhook_comes_with_a_reload),
        cmocka_unit_test(artisan_needs_a_pipe_at_the_start_and_at_a_reload),
        cmocka_unit_test(the_example_is_of_two_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
