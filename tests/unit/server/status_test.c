#include "server/status.h"

#include "base/version.h"
#include "metrics/metrics.h"
#include "support/app.h"
#include "support/oracle.h"
#include "support/unit.h"

static double number_of(const json_t *object, const char *key)
{
    const json_t *number = json_object_get(object, key);

    if (!json_is_number(number))
        fail_msg("%s is no number", key);
    return json_number_value(number);
}

static void check_numbers(const json_t *root)
{
    assert_text(oracle_member(root, "version"), VERSION);
    assert_text(oracle_member(root, "state"), "running");
    assert_text(oracle_member(root, "host"), "a\"b");
    assert_int_equal(number_of(root, "port"), 8080);
    assert_int_equal(number_of(root, "uptime_s"), 61);
    assert_int_equal(number_of(root, "workers"), 2);
    assert_int_equal(number_of(root, "connections"), 7);
    assert_int_equal(number_of(root, "channels"), 1);
    assert_int_equal(number_of(root, "messages_sent"), 3);
    assert_int_equal(number_of(root, "requests"), 5);
    assert_true(number_of(root, "memory_bytes") > 100000);
    assert_true(number_of(root, "pid") > 0);
}

static void a_status_is_one_line_of_json_with_the_sums_of_all_workers(void **state)
{
    struct config_app settings = app_of_documentation();
    const struct config config = {.host = (char[]){"a\"b"}, .apps = &settings, .apps_count = 1};
    struct metrics metrics[2] = {0};
    struct pusher_apps *apps = pusher_apps_new(&config, 2, NULL, NULL);
    struct pusher_app *app = pusher_apps_first(apps);
    const struct net_io io = {.name = "epoll", .reason = "the kernel has none"};
    struct buffer out = {0};
    struct channel *channel;
    bool is_first;
    json_t *root;
    const json_t *shown;

    (void)state;
    metrics_add(&metrics[0].messages_sent, 1);
    metrics_add(&metrics[1].messages_sent, 2);
    metrics_add(&metrics[1].requests_handled, 5);
    atomic_store(&app->connections_count, 7);
    channel = channel_registry_join(app->channels, BYTES("a"), 1, &is_first);
    server_status_write(&out, &(struct server_status){.config = &config,
                                                      .port = 8080,
                                                      .started_ms = 1000,
                                                      .now_ms = 62999,
                                                      .state = "running",
                                                      .apps = apps,
                                                      .metrics = metrics,
                                                      .workers_count = 2,
                                                      .io = &io});
    assert_null(memchr(out.data, '\n', out.len));
    assert_int_equal(oracle_text(buffer_bytes(&out), &root), ORACLE_ACCEPTED);
    check_numbers(root);
    assert_text(oracle_member(root, "io"), "epoll");
    assert_text(oracle_member(root, "io_reason"), "the kernel has none");
    shown = json_array_get(json_object_get(root, "apps"), 0);
    assert_text(oracle_member(shown, "id"), "3");
    assert_int_equal(number_of(shown, "connections"), 7);
    assert_lacks_text(buffer_bytes(&out), "7ad3773142a6692b25b8"); /* the secret */
    json_decref(root);
    buffer_deinit(&out);
    channel_registry_leave(channel, 1, true);
    channel_unref(channel);
    pusher_apps_free(apps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_is_one_line_of_json_with_the_sums_of_all_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
