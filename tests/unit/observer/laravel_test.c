#include "observer/laravel.h"

#include "base/check.h"
#include "pusher/session.h"
#include "support/app.h"
#include "support/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define INTERVAL_S 3600
/* More lines than a pipe and what may wait have room for. */
#define LINES_COUNT 200000

static int ends[2];
static uv_loop_t loop;
static struct config_app settings;
static struct pusher_apps *apps;
static struct observer_laravel *laravel;
static struct buffer told;

static int open_all(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    CHECK(pipe(ends) == 0);
    CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    CHECK(uv_loop_init(&loop) == 0);
    settings = app_of_documentation();
    apps = pusher_apps_new(&(struct config){.apps = &settings, .apps_count = 1}, 1, NULL, NULL);
    return 0;
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    uv_close(handle, NULL);
}

static int close_all(void **state)
{
    (void)state;
    uv_walk(&loop, close_handle, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    observer_laravel_free(laravel);
    laravel = NULL;
    pusher_apps_free(apps);
    buffer_deinit(&told);
    close(ends[0]);
    close(ends[1]);
    return uv_loop_close(&loop);
}

#define LARAVEL_TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

static struct observer_laravel *new_laravel(const char *kinds)
{
    struct buffer error = {0};
    char descriptor[16];

    snprintf(descriptor, sizeof descriptor, "%d", ends[1]);
    laravel = observer_laravel_new(descriptor, kinds, &error);
    if (laravel == NULL)
        fail_msg("%s", buffer_text(&error));
    return laravel;
}

/* Listening to `kinds`, on a running loop. */
static const struct pusher_observers_events *listen_to(const char *kinds)
{
    const struct pusher_observers_events *events;

    events = observer_laravel_listen(new_laravel(kinds), NULL)->events;
    observer_laravel_start(laravel, &loop, apps, INTERVAL_S);
    return events;
}

/* What the reader has not read yet. */
static struct bytes hear(void)
{
    ssize_t len;

    buffer_clear(&told);
    do {
        uv_run(&loop, UV_RUN_NOWAIT);
        len = read(ends[0], buffer_reserve(&told, 65536), 65536);
        if (len > 0)
            told.len += (size_t)len;
    } while (len > 0);
    return buffer_bytes(&told);
}

static struct pusher_session session_of_app(void)
{
    static struct pusher_worker worker;

    return (struct pusher_session){.app = pusher_apps_first(apps),
                                   .worker = &worker,
                                   .socket_id = UINT64_C(12) << 32 | 34,
                                   .state = PUSHER_SESSION_ESTABLISHED};
}

static void what_nobody_asked_for_costs_nothing(void **state)
{
    const struct pusher_observers next = {0};
    const struct pusher_observers_events *events = listen_to("ChannelCreated");

    (void)state;
    assert_non_null(events->on_channel_created);
    assert_null(events->on_channel_removed);
    assert_null(events->on_handled);
    assert_null(events->on_sent);
    assert_null(events->on_sent_count);
    observer_laravel_free(laravel);
    assert_ptr_equal(observer_laravel_listen(new_laravel(NULL), &next), &next);
}

static void an_unknown_kind_and_a_closed_descriptor_are_errors(void **state)
{
    struct buffer error = {0};
    char descriptor[16];

    (void)state;
    snprintf(descriptor, sizeof descriptor, "%d", ends[1]);
    assert_null(observer_laravel_new(descriptor, "sums,ChanelCreated", &error));
    assert_text(buffer_bytes(&error),
                "--events: \"ChanelCreated\" is no kind of event; did you mean ChannelCreated?");
    buffer_clear(&error);
    assert_null(observer_laravel_new("9999", "sums", &error));
    assert_text(buffer_bytes(&error), "--events-fd \"9999\" is no open descriptor");
    buffer_clear(&error);
    assert_null(observer_laravel_new("stdout", "sums", &error));
    assert_true(error.len > 0);
    buffer_deinit(&error);
}

static void connections_are_told_with_their_id_and_origin(void **state)
{
    const struct pusher_observers_events *events =
        listen_to("ConnectionOpened,ConnectionClosed,ConnectionPruned");
    struct pusher_session session = session_of_app();

    (void)state;
    session.uses_control_frames = true;
    events->on_connected(laravel, &session);
    session.uses_control_frames = false;
    session.origin = BYTES("https://a.test");
    events->on_pruned(laravel, &session);
    events->on_closed(laravel, &session);
    session.state = PUSHER_SESSION_NEW; /* was refused: nobody received that it came */
    events->on_closed(laravel, &session);
    assert_text(hear(), "{\"event\":\"ConnectionOpened\",\"app\":\"3\",\"socket_id\":\"12.34\","
                        "\"uses_control_frames\":true}\n"
                        "{\"event\":\"ConnectionPruned\",\"app\":\"3\",\"socket_id\":\"12.34\","
                        "\"origin\":\"https://a.test\"}\n"
                        "{\"event\":\"ConnectionClosed\",\"app\":\"3\",\"socket_id\":\"12.34\","
                        "\"origin\":\"https://a.test\"}\n");
}

static void a_message_is_told_as_text(void **state)
{
    const struct pusher_observers_events *events = listen_to("MessageSent,MessageReceived");
    const struct pusher_session session = session_of_app();

    (void)state;
    events->on_sent(laravel, &session, BYTES("{\"a\":\"\xc3\xa9\n\"}"));
    events->on_handled(laravel, &session, BYTES(""));
    assert_text(hear(), "{\"event\":\"MessageSent\",\"app\":\"3\",\"socket_id\":\"12.34\","
                        "\"message\":\"{\\\"a\\\":\\\"\xc3\xa9\\n\\\"}\"}\n"
                        "{\"event\":\"MessageReceived\",\"app\":\"3\",\"socket_id\":\"12.34\","
                        "\"message\":\"\"}\n");
}

static void channels_and_members_are_told(void **state)
{
    const struct pusher_observers_events *events =
        listen_to("ChannelCreated,ChannelRemoved,MemberAdded,MemberRemoved");
    const struct pusher_app *app = pusher_apps_first(apps);

    (void)state;
    events->on_channel_created(laravel, app, BYTES("presence-a"));
    events->on_member_added(laravel, app, BYTES("presence-a"), BYTES("7"), BYTES("{\"n\":1}"));
    events->on_member_removed(laravel, app, BYTES("presence-a"), BYTES("7"));
    events->on_channel_removed(laravel, app, BYTES("presence-a"));
    assert_text(hear(),
                "{\"event\":\"ChannelCreated\",\"app\":\"3\",\"channel\":\"presence-a\"}\n"
                "{\"event\":\"MemberAdded\",\"app\":\"3\",\"channel\":\"presence-a\","
                "\"user_id\":\"7\",\"user_info\":\"{\\\"n\\\":1}\"}\n"
                "{\"event\":\"MemberRemoved\",\"app\":\"3\",\"channel\":\"presence-a\","
                "\"user_id\":\"7\"}\n"
                "{\"event\":\"ChannelRemoved\",\"app\":\"3\",\"channel\":\"presence-a\"}\n");
}

static void sums_are_told_once(void **state)
{
    const struct pusher_observers_events *events = listen_to("sums");
    const struct pusher_session session = session_of_app();

    (void)state;
    events->on_handled(laravel, &session, BYTES("{}"));
    events->on_sent_count(laravel, session.app, 3);
    events->on_sent_count(laravel, session.app, 4);
    assert_text(hear(), ""); /* the interval is not over */
    observer_laravel_finish(laravel);
    assert_holds(hear(), "\"apps\":{\"3\":[7,1]}}\n");
    observer_laravel_finish(laravel);
    assert_text(hear(), ""); /* nothing has happened since */
}

/* How many lines of those received hold the text. */
static size_t count_of(struct bytes text, const char *part)
{
    const size_t len = strlen(part);
    size_t count = 0;

    for (const char *at = text.data;
         at != NULL && (at = memmem(at, text.len - (size_t)(at - text.data), part, len)) != NULL;
         at += len)
        count++;
    return count;
}

static size_t dropped_in(struct bytes text)
{
    const char *at = memmem(text.data, text.len, "\"dropped\",\"count\":", 18);

    assert_non_null(at);
    return strtoul(at + 18, NULL, 10);
}

/* The pipe is full, and so is what may wait. */
static void fill(const struct pusher_observers_events *events)
{
    for (size_t i = 0; i < LINES_COUNT; i++)
        events->on_channel_created(laravel, pusher_apps_first(apps), BYTES("a"));
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void a_slow_reader_loses_lines_and_is_told_how_many(void **state)
{
    struct bytes received;

    (void)state;
    fill(listen_to("ChannelCreated"));
    received = hear();
    assert_int_equal(count_of(received, "\"dropped\""), 1);
    assert_true(dropped_in(received) > 0);
    assert_int_equal(count_of(received, "ChannelCreated") + dropped_in(received), LINES_COUNT);
}

/* The interval of a second ends while nothing is read. */
static void a_slow_reader_loses_no_sums(void **state)
{
    const struct pusher_observers_events *events =
        observer_laravel_listen(new_laravel("ChannelCreated,sums"), NULL)->events;
    struct buffer all = {0};

    (void)state;
    observer_laravel_start(laravel, &loop, apps, 1);
    fill(events);
    fill(events); /* the first is being written */
    events->on_sent_count(laravel, pusher_apps_first(apps), 5);
    for (const uint64_t start_ms = uv_now(&loop); uv_now(&loop) < start_ms + 1500;)
        uv_run(&loop, UV_RUN_ONCE);
    buffer_append_bytes(&all, hear());
    observer_laravel_finish(laravel);
    buffer_append_bytes(&all, hear());
    assert_holds(buffer_bytes(&all), "\"dropped\"");
    assert_holds(buffer_bytes(&all), "\"apps\":{\"3\":[5,0]}}\n");
    buffer_deinit(&all);
}

static void a_configuration_is_asked_for_however_much_waits(void **state)
{
    const struct pusher_observers_events *events = listen_to("ChannelCreated");

    (void)state;
    fill(events);
    fill(events); /* the first is being written */
    observer_laravel_ask_config(laravel);
    assert_holds(hear(), "{\"event\":\"config\"}\n");
}

static void a_reader_that_is_gone_holds_nothing_up(void **state)
{
    const struct pusher_observers_events *events = listen_to("ChannelCreated,sums");

    (void)state;
    close(ends[0]);
    fill(events);
    events->on_sent_count(laravel, pusher_apps_first(apps), 1);
    observer_laravel_finish(laravel);
    CHECK(pipe(ends) == 0); /* to be closed */
}

static void a_webhook_is_told_though_nothing_is_listened_to(void **state)
{
    (void)state;
    listen_to("ChannelCreated");
    assert_null(observer_laravel_send_webhook(laravel, BYTES("3"), BYTES("{\"events\":[]}")));
    assert_holds(hear(), "{\"event\":\"webhook\",\"app\":\"3\",\"body\":{\"events\":[]}}\n");
}

/* Other events do not crowd it out; a reader that reads nothing does not make it wait either. */
static void a_webhook_has_room_of_its_own_and_is_refused_beyond_it(void **state)
{
    const struct pusher_observers_events *events = listen_to("ChannelCreated");
    struct buffer body = {0};
    size_t count = 0;

    (void)state;
    buffer_append_char(&body, '"');
    for (size_t i = 0; i < 100000; i++)
        buffer_append_char(&body, 'x');
    buffer_append_char(&body, '"');
    fill(events);
    fill(events); /* the first is being written */
    while (observer_laravel_send_webhook(laravel, BYTES("3"), buffer_bytes(&body)) == NULL)
        assert_in_range(++count, 1, 1000);
    assert_true(count > 10);
    assert_int_equal(count_of(hear(), "\"webhook\""), count);
    assert_null(observer_laravel_send_webhook(laravel, BYTES("3"), buffer_bytes(&body)));
    assert_int_equal(count_of(hear(), "\"webhook\""), 1);
    buffer_deinit(&body);
}

static void a_webhook_is_refused_once_the_reader_is_gone(void **state)
{
    (void)state;
    listen_to("ChannelCreated");
    close(ends[0]);
    assert_null(observer_laravel_send_webhook(laravel, BYTES("3"), BYTES("{}")));
    observer_laravel_finish(laravel);
    assert_non_null(observer_laravel_send_webhook(laravel, BYTES("3"), BYTES("{}")));
    CHECK(pipe(ends) == 0); /* to be closed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LARAVEL_TEST(what_nobody_asked_for_costs_nothing),
        LARAVEL_TEST(an_unknown_kind_and_a_closed_descriptor_are_errors),
        LARAVEL_TEST(connections_are_told_with_their_id_and_origin),
        LARAVEL_TEST(a_message_is_told_as_text),
        LARAVEL_TEST(channels_and_members_are_told),
        LARAVEL_TEST(sums_are_told_once),
        LARAVEL_TEST(a_slow_reader_loses_lines_and_is_told_how_many),
        LARAVEL_TEST(a_slow_reader_loses_no_sums),
        LARAVEL_TEST(a_configuration_is_asked_for_however_much_waits),
        LARAVEL_TEST(a_reader_that_is_gone_holds_nothing_up),
        LARAVEL_TEST(a_webhook_is_told_though_nothing_is_listened_to),
        LARAVEL_TEST(a_webhook_has_room_of_its_own_and_is_refused_beyond_it),
        LARAVEL_TEST(a_webhook_is_refused_once_the_reader_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
