#include "cluster/state.h"

#include "support/unit.h"

static struct cluster_state state_of_node;
static const struct bytes key = BYTES("c1:a:presence-b");

static int set_up(void **state)
{
    (void)state;
    cluster_state_init(&state_of_node);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_state_deinit(&state_of_node);
    return 0;
}

static size_t count_dirty(void)
{
    size_t count = 0;

    LIST_EACH(link, following, &state_of_node.dirty) {
        count++;
    }
    return count;
}

static void a_channel_is_dirty_until_it_was_told(void **state)
{
    struct cluster_state_channel *channel = cluster_state_subscribe(&state_of_node, key, 1, 0);

    (void)state;
    cluster_state_subscribe(&state_of_node, key, 1, 0);
    assert_int_equal(count_dirty(), 1);
    assert_int_equal(channel->subscriptions_count, 2);
    assert_true(channel->needs_state);
    cluster_state_clean(&state_of_node, channel);
    assert_int_equal(count_dirty(), 0);
    assert_false(channel->needs_state);
    assert_ptr_equal(cluster_state_find(&state_of_node, key), channel);
}

static void one_that_was_left_and_joined_in_one_turn_is_to_be_shown_anew(void **state)
{
    struct cluster_state_channel *channel = cluster_state_subscribe(&state_of_node, key, 1, 0);

    (void)state;
    cluster_state_clean(&state_of_node, channel);
    cluster_state_subscribe(&state_of_node, key, -1, 0);
    assert_false(channel->needs_state);
    cluster_state_subscribe(&state_of_node, key, 1, 0);
    assert_true(channel->needs_state);
    assert_int_equal(channel->subscriptions_count, 1);
}

static void a_wide_stream_is_read_while_a_channel_of_it_is_there(void **state)
{
    struct cluster_state_channel *channel = cluster_state_subscribe(&state_of_node, key, 1, 0);
    struct cluster_state_channel *other =
        cluster_state_subscribe(&state_of_node, BYTES("c1:a:other"), 1, 0);

    (void)state;
    cluster_state_set_wide(&state_of_node, channel, 'f');
    cluster_state_set_wide(&state_of_node, channel, 'f');
    cluster_state_set_wide(&state_of_node, other, 'f');
    cluster_state_set_wide(&state_of_node, other, 0);
    assert_true(cluster_state_has_wide(&state_of_node, 'f'));
    cluster_state_subscribe(&state_of_node, key, -1, 0);
    cluster_state_clean(&state_of_node, channel);
    assert_false(cluster_state_has_wide(&state_of_node, 'f'));
    cluster_state_set_wide(&state_of_node, other, '0');
    assert_true(cluster_state_has_wide(&state_of_node, '0'));
    cluster_state_forget_wide(&state_of_node);
    assert_false(cluster_state_has_wide(&state_of_node, '0'));
}

static void one_without_subscriptions_and_members_is_forgotten(void **state)
{
    (void)state;
    cluster_state_subscribe(&state_of_node, key, 1, 0);
    cluster_state_join(&state_of_node, key, BYTES("u"), BYTES("{}"));
    cluster_state_join(&state_of_node, key, BYTES("u"), BYTES("{\"again\":1}"));
    assert_int_equal(cluster_state_find(&state_of_node, key)->members.count, 1);
    cluster_state_clean(&state_of_node, cluster_state_subscribe(&state_of_node, key, -1, 0));
    assert_non_null(cluster_state_find(&state_of_node, key));
    cluster_state_leave(&state_of_node, key, BYTES("nobody"));
    cluster_state_leave(&state_of_node, key, BYTES("u"));
    cluster_state_leave(&state_of_node, BYTES("c1:a:other"), BYTES("u"));
    cluster_state_clean(&state_of_node, cluster_state_find(&state_of_node, key));
    assert_null(cluster_state_find(&state_of_node, key));
}

static void a_member_is_what_it_joined_as(void **state)
{
    const struct cluster_state_member *member;
    struct map_entry *entry;

    (void)state;
    cluster_state_subscribe(&state_of_node, key, 1, 0);
    cluster_state_join(&state_of_node, key, BYTES("id"), BYTES("{\"name\":\"n\"}"));
    entry = map_any(&cluster_state_find(&state_of_node, key)->members, NULL);
    member = LIST_OWNER(entry, struct cluster_state_member, entry);
    assert_text(cluster_state_user_id(member), "id");
    assert_text(cluster_state_user_info(member), "{\"name\":\"n\"}");
}

/* The order in which Redis is told. */
static void the_oldest_member_is_the_one_that_was_told_first(void **state)
{
    struct cluster_state_channel *channel = cluster_state_subscribe(&state_of_node, key, 3, 0);
    static const struct bytes first = BYTES("first");
    static const struct bytes second = BYTES("second");

    (void)state;
    assert_null(cluster_state_oldest_member(channel));
    cluster_state_join(&state_of_node, key, first, BYTES("{}"));
    cluster_state_join(&state_of_node, key, second, BYTES("{}"));
    cluster_state_join(&state_of_node, key, first, BYTES("{}"));
    assert_true(bytes_equal(cluster_state_user_id(cluster_state_oldest_member(channel)), first));
    cluster_state_join(&state_of_node, key, first, BYTES("{\"another\":1}"));
    assert_true(bytes_equal(cluster_state_user_id(cluster_state_oldest_member(channel)), second));
    cluster_state_leave(&state_of_node, key, second);
    assert_true(bytes_equal(cluster_state_user_id(cluster_state_oldest_member(channel)), first));
    cluster_state_leave(&state_of_node, key, first);
    assert_null(cluster_state_oldest_member(channel));
}

static void an_app_is_known_by_its_id(void **state)
{
    struct cluster_state_app *app = cluster_state_connect(&state_of_node, BYTES("a"), 3, false);

    (void)state;
    assert_ptr_not_equal(cluster_state_connect(&state_of_node, BYTES("ab"), 1, false), app);
    assert_ptr_equal(cluster_state_find_app(&state_of_node, BYTES("a")), app);
    assert_null(cluster_state_find_app(&state_of_node, BYTES("abc")));
}

static void an_app_is_dirty_until_it_was_told(void **state)
{
    struct cluster_state_app *app = cluster_state_connect(&state_of_node, BYTES("a"), 3, false);

    (void)state;
    cluster_state_connect(&state_of_node, BYTES("a"), 1, true);
    assert_int_equal(app->unreported, 3);
    assert_ptr_equal(state_of_node.dirty_apps.next, &app->dirty);
    cluster_state_clean_app(&state_of_node, app);
    assert_int_equal(app->unreported, 0);
    assert_int_equal(app->connections_count, 4);
    assert_true(list_is_empty(&state_of_node.dirty_apps));
}

static void an_app_without_connections_is_forgotten(void **state)
{
    struct cluster_state_app *app = cluster_state_connect(&state_of_node, BYTES("a"), 1, true);

    (void)state;
    cluster_state_connect(&state_of_node, BYTES("a"), -1, false);
    assert_int_equal(app->unreported, -1);
    cluster_state_clean_app(&state_of_node, app);
    assert_null(cluster_state_find_app(&state_of_node, BYTES("a")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_channel_is_dirty_until_it_was_told),
        TEST(one_that_was_left_and_joined_in_one_turn_is_to_be_shown_anew),
        TEST(a_wide_stream_is_read_while_a_channel_of_it_is_there),
        TEST(one_without_subscriptions_and_members_is_forgotten),
        TEST(a_member_is_what_it_joined_as),
        TEST(the_oldest_member_is_the_one_that_was_told_first),
        TEST(an_app_is_known_by_its_id),
        TEST(an_app_is_dirty_until_it_was_told),
        TEST(an_app_without_connections_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
