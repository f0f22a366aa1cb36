#include "cluster/walk.h"

#include "support/fixture.h"

#define CHANNELS_COUNT 3000
#define MEMBERS_COUNT 6000 /* of one of them: more than are visited in a turn */

static struct fixture fixture;
static struct cluster_state state_of_node;
static struct cluster_walk walk;
static size_t channels_visited;
static size_t members_visited;
static size_t ends_count;
static bool is_delivered;

static void on_channel(struct cluster_state_channel *channel, void *user)
{
    assert_ptr_equal(user, &walk);
    assert_int_equal(channel->chain, 0);
    channel->chain = ++channels_visited;
}

static void on_member(const struct cluster_state_channel *channel,
                      const struct cluster_state_member *member, void *user)
{
    assert_ptr_equal(user, &walk);
    assert_int_equal(channel->chain, channels_visited); /* right after it */
    assert_true(cluster_state_user_id(member).len > 0);
    members_visited++;
}

static void count_channel(struct cluster_state_channel *channel, void *user)
{
    (void)channel;
    (void)user;
    channels_visited++;
}

static void on_end(void *data)
{
    assert_ptr_equal(data, &fixture);
    assert_false(walk.is_under_way);
    ends_count++;
}

static void on_turn_end(void *user)
{
    (void)user;
    cluster_walk_continue(&walk);
}

static void deliver(struct net_mail *mail, void *owner)
{
    (void)owner;
    is_delivered = true;
    free(mail);
}

static void post(void)
{
    struct net_mail *mail = mem_new(sizeof *mail);

    is_delivered = false;
    mail->deliver = deliver;
    net_mailbox_post(&fixture.loop.mailbox, mail);
}

static void add_channels(size_t count)
{
    char key[32];

    for (size_t i = 0; i < count; i++) {
        snprintf(key, sizeof key, "c1:a:%zu", i);
        cluster_state_subscribe(&state_of_node, bytes_of(key), 1, 0);
    }
}

static void add_members(const char *key, size_t count)
{
    char id[32];

    for (size_t i = 0; i < count; i++) {
        snprintf(id, sizeof id, "%zu", i);
        cluster_state_join(&state_of_node, bytes_of(key), bytes_of(id), BYTES(""));
    }
}

static int open_state(void **state)
{
    (void)state;
    fixture_open(&fixture, 1000000);
    fixture.on_turn_end = on_turn_end;
    cluster_state_init(&state_of_node);
    channels_visited = members_visited = ends_count = 0;
    walk = (struct cluster_walk){.state = &state_of_node,
                                 .loop = &fixture.loop,
                                 .user = &walk,
                                 .on_channel = on_channel,
                                 .on_member = on_member,
                                 .on_end = on_end,
                                 .data = &fixture};
    return 0;
}

static int close_state(void **state)
{
    (void)state;
    cluster_state_deinit(&state_of_node);
    fixture_close(&fixture);
    return 0;
}

static void with_few_channels_it_ends_at_once(void **state)
{
    (void)state;
    cluster_walk_begin(&walk);
    assert_int_equal(ends_count, 1);
    add_channels(10);
    add_members("c1:a:3", 5);
    cluster_walk_begin(&walk);
    assert_int_equal(channels_visited, 10);
    assert_int_equal(members_visited, 5);
    assert_int_equal(ends_count, 2);
    post();
    fixture_turn(&fixture);
    assert_true(is_delivered);
}

static void with_many_it_takes_turns_and_mail_waits_meanwhile(void **state)
{
    (void)state;
    add_channels(CHANNELS_COUNT);
    add_members("c1:a:7", MEMBERS_COUNT);
    cluster_walk_begin(&walk);
    post();
    for (size_t turns = 0; walk.is_under_way; turns++) {
        assert_true(turns < 10);
        assert_false(is_delivered);
        assert_true(channels_visited + members_visited < CHANNELS_COUNT + MEMBERS_COUNT);
        net_loop_turn(&fixture.loop, true); /* it comes back by itself */
    }
    assert_int_equal(channels_visited, CHANNELS_COUNT);
    assert_int_equal(members_visited, MEMBERS_COUNT);
    assert_int_equal(ends_count, 1);
    FIXTURE_UNTIL(&fixture, is_delivered);
}

static void members_may_be_left_out(void **state)
{
    (void)state;
    walk.on_member = NULL;
    add_channels(10);
    add_members("c1:a:3", 5);
    cluster_walk_begin(&walk);
    assert_int_equal(channels_visited, 10);
    assert_int_equal(ends_count, 1);
}

static void one_that_is_given_up_lets_the_mail_through(void **state)
{
    (void)state;
    add_channels(2 * CHANNELS_COUNT);
    cluster_walk_begin(&walk);
    assert_true(walk.is_under_way);
    post();
    cluster_walk_give_up(&walk);
    cluster_walk_give_up(&walk);
    FIXTURE_UNTIL(&fixture, is_delivered);
    assert_int_equal(ends_count, 0);
}

static void another_begins_anew_and_lets_the_mail_through_once(void **state)
{
    (void)state;
    add_channels(2 * CHANNELS_COUNT);
    walk.on_channel = count_channel;
    cluster_walk_begin(&walk);
    cluster_walk_begin(&walk);
    post();
    FIXTURE_UNTIL(&fixture, is_delivered);
    assert_int_equal(ends_count, 1);
    assert_true(channels_visited > 2 * CHANNELS_COUNT);
}

static void give_up_at_the_third(struct cluster_state_channel *channel, void *user)
{
    (void)channel;
    if (++channels_visited == 3)
        cluster_walk_give_up(user);
}

static void a_visit_may_give_it_up(void **state)
{
    (void)state;
    add_channels(3);
    walk.on_channel = give_up_at_the_third;
    cluster_walk_begin(&walk);
    assert_int_equal(channels_visited, 3);
    assert_false(walk.is_under_way);
    assert_int_equal(ends_count, 0);
}

#define WALK_TEST(name) cmocka_unit_test_setup_teardown(name, open_state, close_state)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WALK_TEST(with_few_channels_it_ends_at_once),
        WALK_TEST(with_many_it_takes_turns_and_mail_waits_meanwhile),
        WALK_TEST(members_may_be_left_out),
        WALK_TEST(one_that_is_given_up_lets_the_mail_through),
        WALK_TEST(another_begins_anew_and_lets_the_mail_through_once),
        WALK_TEST(a_visit_may_give_it_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
