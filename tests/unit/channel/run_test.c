#include "channel/run.h"

#include "channel/channel.h"
#include "support/unit.h"

static struct channel *channel;
static struct channel_run *run;
static struct channel_subscription subscriptions[3];

static int open_run(void **state)
{
    (void)state;
    channel = channel_new(NULL, BYTES("a"), 1, (struct channel_kind){0}, 1, 0);
    run = channel_run_new(channel);
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

static void add(const char *text, uint32_t receivers_count, struct channel_subscription *skipping)
{
    struct ws_message *message = ws_message_new(bytes_of(text));

    channel_run_add(run, message, receivers_count, skipping);
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
    /* Two were there, one more before "2", nobody before "3", two more before "4", one after it. */
    static const size_t firsts[] = {0, 0, 1, 3, 3};
    static const char *const should[] = {"1;2;3;4;", "1;2;3;4;", "2;3;4;", "4;", "4;"};
    size_t group = 0;

    (void)state;
    add("1", 2, NULL);
    add("2", 3, NULL);
    add("3", 3, NULL);
    add("4", 5, NULL);
    assert_int_equal(run->receivers_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        const size_t first = channel_run_first(run, i, &group);

        assert_int_equal(first, firsts[i]);
        assert_frames(channel_run_frames(run, WS_DEFLATE_PLAIN, NULL),
                      channel_run_start(run, first, WS_DEFLATE_PLAIN, NULL), should[i]);
    }
}

static void frames_are_made_once_and_a_single_message_is_its_own(void **state)
{
    struct ws_message *message = ws_message_new(BYTES("only"));

    (void)state;
    channel_run_add(run, message, 1, NULL);
    assert_ptr_equal(channel_run_frames(run, WS_DEFLATE_PLAIN, NULL),
                     ws_message_frame(message, WS_DEFLATE_PLAIN, NULL));
    assert_ptr_equal(channel_run_frames(run, WS_DEFLATE_PLAIN, NULL),
                     channel_run_frames(run, WS_DEFLATE_PLAIN, NULL));
    ws_message_unref(message);
}

static void who_skips_is_sent_the_others(void **state)
{
    (void)state;
    add("1", 3, &subscriptions[0]);
    add("2", 3, &subscriptions[1]);
    add("3", 3, NULL);
    add("4", 3, &subscriptions[0]);
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

static void a_receiver_is_lost_only_where_all_receive_the_same(void **state)
{
    (void)state;
    add("1", 3, NULL);
    assert_true(channel_run_lose_receiver(run, 3));
    assert_int_equal(run->receivers_count, 2);
    assert_false(channel_run_lose_receiver(run, 3)); /* one has come since the last message */
    add("2", 3, NULL);
    assert_false(channel_run_lose_receiver(run, 3)); /* and received the second alone */
}

static void where_one_is_skipped_none_is_lost(void **state)
{
    (void)state;
    add("1", 2, &subscriptions[0]);
    assert_false(channel_run_lose_receiver(run, 2));
}

static void all_may_be_lost_and_others_come(void **state)
{
    size_t group = 0;

    (void)state;
    add("1", 1, NULL);
    assert_true(channel_run_lose_receiver(run, 1));
    assert_int_equal(run->receivers_count, 0);
    add("2", 1, NULL);
    assert_int_equal(channel_run_first(run, 0, &group), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(each_receiver_receives_from_its_first_message_on),
        RUN_TEST(frames_are_made_once_and_a_single_message_is_its_own),
        RUN_TEST(who_skips_is_sent_the_others),
        RUN_TEST(a_receiver_is_lost_only_where_all_receive_the_same),
        RUN_TEST(where_one_is_skipped_none_is_lost),
        RUN_TEST(all_may_be_lost_and_others_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
