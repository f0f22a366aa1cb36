#include "observer/tail.h"

#include "pusher/apps.h"
#include "pusher/session.h"
#include "support/app.h"
#include "support/unit.h"

static struct config_app settings;
static struct pusher_apps *apps;
static struct observer_tail *tail;
static const struct pusher_observers_events *events;
static struct buffer text;

static int open_all(void **state)
{
    (void)state;
    settings = app_of_documentation();
    apps = pusher_apps_new(&(struct config){.apps = &settings, .apps_count = 1}, 1, NULL, NULL);
    tail = observer_tail_new();
    events = observer_tail_listen(tail, NULL)->events;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    observer_tail_free(tail);
    pusher_apps_free(apps);
    buffer_deinit(&text);
    return 0;
}

#define TAIL_TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

static void publish(const char *channel, const char *message)
{
    events->on_broadcast(tail, pusher_apps_first(apps), bytes_of(channel), bytes_of(message));
}

static const char *take(struct observer_tail_watcher *watcher)
{
    buffer_clear(&text);
    observer_tail_take(tail, watcher, &text);
    return buffer_text(&text);
}

static bool shows(const struct observer_tail_filter *filter, const char *channel, const char *event)
{
    struct observer_tail_watcher *watcher = observer_tail_watch(tail, filter);
    char message[256];
    bool is_shown;

    snprintf(message, sizeof message, "{\"event\":\"%s\",\"data\":\"{}\"}", event);
    publish(channel, message);
    is_shown = *take(watcher) != '\0';
    observer_tail_unwatch(tail, watcher);
    return is_shown;
}

static void a_star_stands_for_any_text(void **state)
{
    (void)state;
    assert_true(shows(&(struct observer_tail_filter){.channel = BYTES("*")}, "a", "e"));
    assert_true(
        shows(&(struct observer_tail_filter){.channel = BYTES("orders.*")}, "orders.", "e"));
    assert_true(shows(&(struct observer_tail_filter){.channel = BYTES("a*b*c")}, "a-b-b-c", "e"));
    assert_false(shows(&(struct observer_tail_filter){.channel = BYTES("a*b*c")}, "a-b-b", "e"));
    assert_false(
        shows(&(struct observer_tail_filter){.channel = BYTES("orders")}, "orders.1", "e"));
    assert_false(
        shows(&(struct observer_tail_filter){.channel = BYTES("orders.1")}, "orders", "e"));
    assert_true(shows(&(struct observer_tail_filter){.event = BYTES("client-*")}, "a", "client-x"));
    assert_false(
        shows(&(struct observer_tail_filter){.event = BYTES("client-*")}, "a", "server-x"));
}

static void an_event_of_nobody_is_none_of_a_user(void **state)
{
    (void)state;
    assert_false(shows(&(struct observer_tail_filter){.user = BYTES("*")}, "a", "e"));
    assert_false(shows(&(struct observer_tail_filter){.app = BYTES("other")}, "a", "e"));
    assert_true(shows(&(struct observer_tail_filter){.app = bytes_of(settings.id)}, "a", "e"));
}

static void a_long_message_is_shown_up_to_a_whole_character(void **state)
{
    struct observer_tail_watcher *watcher =
        observer_tail_watch(tail, &(struct observer_tail_filter){0});
    char message[3001] = {0};

    (void)state;
    memset(message, 'm', 3000);
    message[1999] = '\xC3';
    message[2000] = '\xA9';
    publish("a", message);
    assert_non_null(strstr(take(watcher), "mmm\",\"bytes\":3000}\n"));
}

static void more_than_a_second_takes_is_skipped_and_counted(void **state)
{
    struct observer_tail_watcher *watcher =
        observer_tail_watch(tail, &(struct observer_tail_filter){0});
    size_t shown = 0;
    const char *skipped;

    (void)state;
    for (int i = 0; i < 10000; i++)
        publish("a", "{\"event\":\"e\"}");
    take(watcher);
    for (const char *at = buffer_text(&text); (at = strstr(at, "\"kind\"")) != NULL; at++)
        shown++;
    skipped = strstr(buffer_text(&text), "{\"skipped\":");
    assert_non_null(skipped);
    assert_int_equal(shown + strtoul(skipped + strlen("{\"skipped\":"), NULL, 10), 10000);
    assert_string_equal(take(watcher), "");
}

static void who_looks_no_more_is_written_nothing(void **state)
{
    struct observer_tail_watcher *watcher =
        observer_tail_watch(tail, &(struct observer_tail_filter){0});

    (void)state;
    observer_tail_unwatch(tail, watcher);
    publish("a", "{\"event\":\"e\"}");
    assert_string_equal(take(observer_tail_watch(tail, &(struct observer_tail_filter){0})), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TAIL_TEST(a_star_stands_for_any_text),
        TAIL_TEST(an_event_of_nobody_is_none_of_a_user),
        TAIL_TEST(a_long_message_is_shown_up_to_a_whole_character),
        TAIL_TEST(more_than_a_second_takes_is_skipped_and_counted),
        TAIL_TEST(who_looks_no_more_is_written_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
