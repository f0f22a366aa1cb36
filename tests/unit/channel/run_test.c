#include "channel/run.h"

#include "channel/channel.h"
#include "support/unit.h"

static struct channel *channel;
static struct channel_run *run;
static struct channel_subscription subscriptions[3];

static int open_run(void **state)
{
    (void)state;
    channel = channel_new(NULL, BYTES("a"), 1, (struct channel_kind){0}, 1, 0, NULL);
    run = channel_run_new(channel, 100);
    return 0;
}

static int close_run(void **state)
{
    (void)state;
    channel_run_free(run);
    channel_unref(channel);
    return 0;
}

#define RUN_TEST(name) cmocka_unit_test_setup_teardown(name, open_run, close_run)

static void add(const char *text, struct channel_subscription *skipping)
{
    struct ws_message *message = ws_message_new(bytes_of(text));

    channel_run_add(run, message, skipping);
    ws_message_unref(message);
}

/* Finished frames of short texts: two bytes of header each. */
static void assert_frames(const struct net_chunk *frames, size_t offset, const char *should)
{
    struct buffer texts = {0};

    for (size_t at = offset; at < frames->len;) {
        const size_t len = (unsigned char)frames->data[at + 1];

        buffer_append(&texts, frames->data + at + 2, len);
        buffer_append_char(&texts, ';');
        at += 2 + len;
    }
    assert_bytes_equal(buffer_bytes(&texts), bytes_of(should));
    buffer_deinit(&texts);
}

static void assert_received_by(const struct channel_subscription *subscription, size_t first,
                               const char *should)
{
    struct net_chunk *frames =
        channel_run_frames_for(run, first, subscription, WS_DEFLATE_PLAIN, NULL);

    if (frames != NULL)
        assert_frames(frames, 0, should);
    else
        assert_string_equal(should, "");
    net_chunk_unref(frames);
}

static void each_receiver_receives_from_its_first_message_on(void **state)
{
    static const uint64_t froms[] = {0, 100, 101, 103, 104, 200};
    static const char *const should[] = {"1;2;3;4;", "1;2;3;4;", "2;3;4;", "4;", "", ""};

    (void)state;
    add("1", NULL);
    add("2", NULL);
    add("3", NULL);
    add("4", NULL);
    for (size_t i = 0; i < sizeof froms / sizeof froms[0]; i++) {
        size_t first;

        subscriptions[0].from = froms[i];
        first = channel_run_first(run, &subscriptions[0]);
        assert_received_by(&subscriptions[0], first, should[i]);
        if (first < run->messages_count)
            assert_frames(channel_run_frames(run, WS_DEFLATE_PLAIN, NULL),
                          channel_run_start(run, first, WS_DEFLATE_PLAIN, NULL), should[i]);
    }
}

static void frames_are_made_once_and_a_single_message_is_its_own(void **state)
{
    struct ws_message *message = ws_message_new(BYTES("only"));

    (void)state;
    channel_run_add(run, message, NULL);
    assert_ptr_equal(channel_run_frames(run, WS_DEFLATE_PLAIN, NULL),
                     ws_message_frame(message, WS_DEFLATE_PLAIN, NULL));
    assert_ptr_equal(channel_run_frames(run, WS_DEFLATE_PLAIN, NULL),
                     channel_run_frames(run, WS_DEFLATE_PLAIN, NULL));
    ws_message_unref(message);
}

static void who_skips_is_sent_the_others(void **state)
{
    (void)state;
    add("1", &subscriptions[0]);
    add("2", &subscriptions[1]);
    add("3", NULL);
    add("4", &subscriptions[0]);
    assert_received_by(&subscriptions[0], 0, "2;3;");
    assert_received_by(&subscriptions[1], 0, "1;3;4;");
    assert_received_by(&subscriptions[2], 0, "1;2;3;4;");
    assert_received_by(&subscriptions[0], 2, "3;");
    assert_received_by(&subscriptions[0], 3, "");
    channel_run_mark_skipping(run, true);
    assert_true(subscriptions[0].is_skipping && subscriptions[1].is_skipping);
    assert_false(subscriptions[2].is_skipping);
    channel_run_mark_skipping(run, false);
    assert_false(subscriptions[0].is_skipping || subscriptions[1].is_skipping);
}

static void for_who_is_forgotten_nothing_is_skipped(void **state)
{
    (void)state;
    add("1", &subscriptions[0]);
    add("2", &subscriptions[1]);
    add("3", &subscriptions[0]);
    channel_run_forget(run, &subscriptions[0]);
    assert_received_by(&subscriptions[0], 0, "1;2;3;");
    assert_received_by(&subscriptions[1], 0, "1;3;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(each_receiver_receives_from_its_first_message_on),
        RUN_TEST(frames_are_made_once_and_a_single_message_is_its_own),
        RUN_TEST(who_skips_is_sent_the_others),
        RUN_TEST(for_who_is_forgotten_nothing_is_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
