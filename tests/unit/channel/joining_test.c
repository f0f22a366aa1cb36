#include "channel/joining.h"

#include "channel/publish.h"
#include "support/workers.h"

static struct workers workers;
static struct workers_member *here[4];
static struct workers_member *there[2];
static size_t written_count;

/* "welcome" and who is there. */
static void write_state(void *user, struct channel *channel, struct ws_message **welcome,
                        struct ws_message **cached)
{
    struct buffer text = {0};

    (void)user;
    written_count++;
    buffer_append_text(&text, "welcome");
    for (size_t i = 0; i < channel_presence_count(channel->presence); i++)
        buffer_append_bytes(&text,
                            channel_presence_user_id(channel_presence_at(channel->presence, i)));
    *welcome = ws_message_new(buffer_bytes(&text));
    *cached = ws_message_new(BYTES("kept"));
    buffer_deinit(&text);
}

static int open_workers(void **state)
{
    (void)state;
    workers_open(&workers, 1000000);
    for (size_t i = 0; i < WORKERS_WORKERS_COUNT; i++)
        workers.workers[i].joining.write = write_state;
    for (size_t i = 0; i < 4; i++)
        here[i] = workers_add_client(&workers, 0, WS_DEFLATE_PLAIN);
    for (size_t i = 0; i < 2; i++)
        there[i] = workers_add_client(&workers, 1, WS_DEFLATE_PLAIN);
    written_count = 0;
    return 0;
}

static int close_workers(void **state)
{
    (void)state;
    workers_close(&workers);
    return 0;
}

#define JOINING_TEST(name) cmocka_unit_test_setup_teardown(name, open_workers, close_workers)

static void publish_in_order(struct workers_member *member, struct channel *channel,
                             const char *text)
{
    struct ws_message *message = ws_message_new(bytes_of(text));

    channel_publish_in_order(&member->worker->fanout.all, channel, message, 0);
    ws_message_unref(message);
}

/* As a presence channel is joined: the others are told, the newcomer is shown who is there. */
static struct channel_subscription *join_with(struct workers_member *member, const char *id,
                                              struct bytes user_info)
{
    struct channel_subscription *subscription = workers_subscribe(&workers, member, "presence-a");
    struct channel *channel = subscription->channel;
    bool is_first;

    channel_registry_lock_state(channel);
    subscription->member = channel_presence_join(channel->presence, bytes_of(id), user_info,
                                                 &is_first, &(uint32_t){0});
    if (channel_presence_list(channel->presence, bytes_of(id), user_info))
        publish_in_order(member, channel, id);
    channel_joining_add(&member->worker->joining, subscription);
    channel_registry_unlock_state(channel);
    return subscription;
}

static void join_presence(struct workers_member *member, const char *id)
{
    join_with(member, id, BYTES("{}"));
}

static void who_joins_is_shown_who_is_there_and_receives_who_comes_after(void **state)
{
    (void)state;
    join_presence(here[0], "A");
    join_presence(there[0], "B");
    join_presence(here[1], "C");
    join_presence(there[1], "D");
    workers_turn(&workers);
    assert_member_received(here[0], "welcomeA;kept;B;C;D;");
    assert_member_received(there[0], "welcomeAB;kept;C;D;");
    assert_member_received(here[1], "welcomeABC;kept;D;");
    assert_member_received(there[1], "welcomeABCD;kept;");
}

static void catching_up_makes_the_newcomer_active_at_once(void **state)
{
    (void)state;
    join_presence(here[0], "A");
    channel_joining_catch_up(&workers.workers[0].joining);
    workers_publish(&workers, 0, "presence-a", "event", NULL);
    workers_turn(&workers);
    assert_member_received(here[0], "welcomeA;kept;event;");
}

static void who_leaves_before_it_became_active_is_forgotten(void **state)
{
    struct channel *channel;

    (void)state;
    join_presence(here[0], "A");
    join_presence(here[1], "B");
    channel = channel_registry_find(workers.registry, BYTES("presence-a"));
    workers_leave(channel_fanout_find(&workers.workers[0].fanout, &here[0]->ws, channel));
    channel_unref(channel);
    workers_turn(&workers);
    assert_member_received(here[0], "");
    assert_member_received(here[1], "welcomeAB;kept;");
}

static void what_is_told_in_order_and_what_is_gathered_keep_their_order(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        workers_join(&workers, here[i], "cache-a");
        workers_join(&workers, here[i], "a");
        workers_join(&workers, there[i], "cache-a");
        workers_join(&workers, there[i], "a");
    }
    for (int round = 0; round < 2; round++) {
        struct channel *channel = channel_registry_find(workers.registry, BYTES("cache-a"));

        publish_in_order(here[0], channel, round == 0 ? "1" : "3");
        channel_unref(channel);
        workers_publish(&workers, 0, "a", round == 0 ? "2" : "4", NULL);
    }
    workers_turn(&workers);
    for (int i = 0; i < 2; i++) {
        assert_member_received(here[i], "1;2;3;4;");
        assert_member_received(there[i], "1;2;3;4;");
    }
}

/* Somebody is there whose data makes the snapshot a large one. */
static struct bytes much(void)
{
    static char text[30000];

    memset(text, '1', sizeof text);
    return (struct bytes){text, sizeof text};
}

static void all_who_join_a_large_channel_in_a_turn_share_what_they_are_sent(void **state)
{
    (void)state;
    join_with(here[0], "A", much());
    workers_turn(&workers);
    assert_int_equal(written_count, 1);
    join_presence(here[1], "B");
    join_presence(here[2], "C");
    join_presence(there[0], "D");
    channel_joining_catch_up(&workers.workers[0].joining);
    assert_member_received(here[1], "");
    workers_turn(&workers);
    assert_int_equal(written_count, 3); /* one a worker */
    assert_member_received(here[0], "welcomeA;kept;B;C;D;");
    assert_member_received(here[1], "welcomeABCD;kept;");
    assert_member_received(here[2], "welcomeABCD;kept;");
    assert_member_received(there[0], "welcomeABCD;kept;");
}

static void who_leaves_a_large_channel_before_the_turn_ends_is_sent_nothing(void **state)
{
    struct channel_subscription *leaving;

    (void)state;
    join_with(here[0], "A", much());
    workers_turn(&workers);
    leaving = join_with(here[1], "B", BYTES("{}"));
    workers_leave(leaving);
    join_presence(here[1], "B"); /* the same connection: another subscription */
    join_presence(here[2], "C");
    workers_turn(&workers);
    assert_member_received(here[1], "welcomeABC;kept;");
    assert_member_received(here[2], "welcomeABC;kept;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOINING_TEST(who_joins_is_shown_who_is_there_and_receives_who_comes_after),
        JOINING_TEST(catching_up_makes_the_newcomer_active_at_once),
        JOINING_TEST(who_leaves_before_it_became_active_is_forgotten),
        JOINING_TEST(what_is_told_in_order_and_what_is_gathered_keep_their_order),
        JOINING_TEST(all_who_join_a_large_channel_in_a_turn_share_what_they_are_sent),
        JOINING_TEST(who_leaves_a_large_channel_before_the_turn_ends_is_sent_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
