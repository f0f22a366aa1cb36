#include "observer/history.h"

#include "pusher/apps.h"
#include "pusher/session.h"
#include "support/app.h"
#include "support/unit.h"

static struct config_app settings;
static struct pusher_apps *apps;
static struct observer_history *history;
static const struct pusher_observers_events *events;
static struct buffer text;

static int open_all(void **state)
{
    (void)state;
    settings = app_of_documentation();
    apps = pusher_apps_new(&(struct config){.apps = &settings, .apps_count = 1}, 1, NULL, NULL);
    history = observer_history_new();
    events = observer_history_listen(history, NULL)->events;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    observer_history_free(history);
    pusher_apps_free(apps);
    buffer_deinit(&text);
    return 0;
}

#define HISTORY_TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

static struct pusher_session session_of(uint64_t socket_id)
{
    return (struct pusher_session){.socket_id = socket_id,
                                   .app = pusher_apps_first(apps),
                                   .state = PUSHER_SESSION_ESTABLISHED};
}

static void refuse(const struct pusher_session *session, const char *channel)
{
    events->on_refused(history, session, 4009, BYTES("no"), bytes_of(channel));
}

static const char *history_of(uint64_t socket_id)
{
    buffer_clear(&text);
    observer_history_write(history, socket_id, &text);
    return buffer_text(&text);
}

/* How often `part` is in what is known of the connection. */
static size_t count_in_history(uint64_t socket_id, const char *part)
{
    size_t count = 0;

    for (const char *at = history_of(socket_id); (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void nothing_is_known_of_a_connection_without_trouble(void **state)
{
    (void)state;
    assert_string_equal(history_of(7), "[]");
}

static void what_is_the_same_is_counted(void **state)
{
    const struct pusher_session session = session_of(7);

    (void)state;
    for (int i = 0; i < 3; i++)
        refuse(&session, "a");
    refuse(&session, "b");
    assert_int_equal(count_in_history(7, "\"what\":\"refused\",\"code\":4009,\"text\":\"no\""), 2);
    assert_int_equal(count_in_history(7, "\"channel\":\"a\",\"count\":3"), 1);
    assert_int_equal(count_in_history(7, "\"channel\":\"b\",\"count\":1"), 1);
    assert_string_equal(history_of(8), "[]");
}

static void who_closed_is_told(void **state)
{
    struct pusher_session here = session_of(1);
    struct pusher_session there = session_of(2);
    const struct pusher_session lost = session_of(3);

    (void)state;
    events->on_closing(history, &here, 4100, BYTES("Slow reader"));
    here.is_closed_here = true;
    events->on_closed(history, &here);
    there.close_code = 1001;
    events->on_closed(history, &there);
    events->on_closed(history, &lost);
    assert_int_equal(count_in_history(1, "\"what\""), 1);
    assert_int_equal(count_in_history(1, "closed by the server\",\"code\":4100,\"text\":\"Slow "),
                     1);
    assert_int_equal(count_in_history(2, "\"what\":\"closed by the client\",\"code\":1001"), 1);
    assert_int_equal(count_in_history(3, "\"what\":\"lost\",\"count\":1"), 1);
}

static void who_was_never_greeted_leaves_no_trace(void **state)
{
    struct pusher_session session = session_of(7);

    (void)state;
    session.state = PUSHER_SESSION_NEW;
    refuse(&session, "a");
    assert_string_equal(history_of(7), "[]");
}

static void a_long_name_is_cut_at_a_whole_character(void **state)
{
    const struct pusher_session session = session_of(7);
    char name[101] = {0};

    (void)state;
    memset(name, 'n', 63);
    snprintf(name + 63, 8, "\xC3\xA9\xC3\xA9"); /* its first byte would be the last that fits */
    refuse(&session, name);
    assert_int_equal(count_in_history(7, "nnn\",\"count\":1"), 1);
}

static void the_oldest_go_when_the_ring_is_full(void **state)
{
    struct pusher_session session = session_of(7);

    (void)state;
    refuse(&session, "first");
    for (session.socket_id = 100; session.socket_id < 100 + 20000; session.socket_id++)
        refuse(&session, "a");
    assert_string_equal(history_of(7), "[]");
    assert_int_equal(count_in_history(20099, "\"channel\":\"a\""), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HISTORY_TEST(nothing_is_known_of_a_connection_without_trouble),
        HISTORY_TEST(what_is_the_same_is_counted),
        HISTORY_TEST(who_closed_is_told),
        HISTORY_TEST(who_was_never_greeted_leaves_no_trace),
        HISTORY_TEST(a_long_name_is_cut_at_a_whole_character),
        HISTORY_TEST(the_oldest_go_when_the_ring_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
