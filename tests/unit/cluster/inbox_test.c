#include "cluster/inbox.h"

#include "support/inbox_fixture.h"
#include "support/unit.h"

static struct inbox_fixture fixture;

static int set_up(void **state)
{
    (void)state;
    inbox_fixture_init(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    inbox_fixture_deinit(&fixture);
    return 0;
}

#define PARTS_COUNT_MAX 8

/* An entry of up to eight parts, the last one NULL; what is told of it. */
static struct bytes read_entry(const char *letter, const char *const parts[PARTS_COUNT_MAX])
{
    struct buffer packed = {0};
    struct buffer entry = {0};
    char *exact;

    for (size_t i = 0; i < PARTS_COUNT_MAX && parts[i] != NULL; i++)
        inbox_fixture_pack(&packed, bytes_of(parts[i]));
    inbox_fixture_add(&entry, letter[0], buffer_bytes(&packed));
    exact = unit_exact(buffer_bytes(&entry));
    buffer_clear(&fixture.told);
    cluster_inbox_read(&fixture.inbox, (struct bytes){exact, entry.len});
    free(exact);
    buffer_deinit(&packed);
    buffer_deinit(&entry);
    return buffer_bytes(&fixture.told);
}

#define READ(letter, ...) read_entry(letter, (const char *const[PARTS_COUNT_MAX]){__VA_ARGS__})

static void each_entry_is_told_as_what_it_is(void **state)
{
    (void)state;
    assert_text(READ("D", "c1:a:b", "12:300"), "ready a/b  312\n");
    assert_text(READ("C", "c1:a:b", "3"), "count a/b  3\n");
    assert_text(READ("O", "w1:a:u", "1"), "online a/u  1\n");
    assert_text(READ("Q", "u1:a:u", "9:100", "0"), "is offline a/u  109\n");
    assert_text(READ("S", "c1:a:b", "0", ""), "kept a/b  0\n");
    assert_text(READ("A", "c1:a:b", "u", "{}", "me"), "added a/u {} 1\n");
    assert_text(READ("A", "c1:a:b", "u", "{}", "you"), "added a/u {} 0\n");
    assert_text(READ("R", "c1:a:b", "u", "you"), "removed a/b u 0\n");
    assert_text(READ("T", "a", "u", "1", "you"), "terminate a/u  0\n");
    assert_text(READ("T", "a", "u", "1", "you"), ""); /* it has come before */
}

static void a_channel_of_this_node_becomes_wide_and_narrow(void **state)
{
    const struct cluster_state_channel *channel =
        cluster_state_subscribe(&fixture.state, BYTES("c1:a:b"), 1, 0);

    (void)state;
    assert_text(READ("W", "c1:a:b", "f", "12"), "wide f/  12\n");
    assert_int_equal(channel->wide, 'f');
    assert_text(READ("W", "c1:a:b", "", "0"), "");
    assert_int_equal(channel->wide, 0);
    assert_text(READ("W", "c1:a:unknown", "f", "12"), "");
    assert_text(READ("W", "c1:a:b", "x", "12"), "");
    assert_text(READ("W", "c1:a:b", "ff", "12"), "");
    assert_int_equal(channel->wide, 0);
}

/* The channel whose members are shown, as this node has it. */
static void ask_for_members(uint64_t chain)
{
    cluster_state_subscribe(&fixture.state, BYTES("c1:a:b"), 1, 0)->chain = chain;
}

static void members_that_come_at_once_are_told_at_once(void **state)
{
    (void)state;
    ask_for_members(1);
    assert_text(READ("P", "c1:a:b", "1", "0", "u", "1"), "member a/u 1 0\nall a/b  1\n");
    fixture.inbox.is_partial = true;
    assert_text(READ("P", "c1:a:b", "1", "0"), "some a/b  0\n");
}

static void members_that_come_in_pages_are_told_after_the_last_with_what_changed_meanwhile(
    void **state)
{
    (void)state;
    ask_for_members(3);
    assert_text(READ("P", "c1:a:b", "3", "17", "u", "1", "v", "2"), "page c1:a:b/ 17 0\n");
    assert_text(READ("D", "c1:a:b", "12"), "");
    assert_text(READ("D", "c1:a:c", "13"), "ready a/c  13\n");
    assert_text(READ("R", "c1:a:b", "u", "you"), "removed a/b u 0\n");
    assert_text(READ("R", "c1:a:b", "v", "you"), "removed a/b v 0\n");
    assert_text(READ("A", "c1:a:b", "v", "4", "you"), "added a/v 4 0\n");
    assert_text(READ("P", "c1:a:b", "3", "0", "v", "2"),
                "member a/v 2 0\nall a/b  1\nready a/b  12\n");
    assert_text(READ("D", "c1:a:b", "14"), "ready a/b  14\n");
}

static void pages_of_a_snapshot_that_is_not_the_last_are_passed_over(void **state)
{
    (void)state;
    assert_text(READ("P", "c1:a:b", "1", "0", "u", "1"), "");
    ask_for_members(1);
    assert_text(READ("P", "c1:a:b", "1", "9", "u", "1"), "page c1:a:b/ 9 0\n");
    ask_for_members(2);
    assert_text(READ("P", "c1:a:b", "1", "0", "w", "1"), "");
    assert_text(READ("P", "c1:a:b", "2", "0", "v", "1"), "member a/v 1 0\nall a/b  1\n");
}

static void who_waits_for_a_page_that_never_comes_is_forgotten_with_the_link(void **state)
{
    (void)state;
    ask_for_members(1);
    assert_text(READ("P", "c1:a:b", "1", "9", "u", "1"), "page c1:a:b/ 9 0\n");
    assert_text(READ("D", "c1:a:b", "12"), "");
    cluster_inbox_drop_snapshots(&fixture.inbox);
    ask_for_members(2);
    assert_text(READ("P", "c1:a:b", "2", "0", "v", "1"), "member a/v 1 0\nall a/b  1\n");
}

static void an_entry_has_things_one_after_the_other(void **state)
{
    struct buffer packed = {0};
    struct buffer entry = {0};

    (void)state;
    inbox_fixture_pack(&packed, BYTES("c1:a:b"));
    inbox_fixture_pack(&packed, BYTES("3"));
    inbox_fixture_add(&entry, 'C', buffer_bytes(&packed));
    inbox_fixture_add(&entry, '?', buffer_bytes(&packed));
    inbox_fixture_add(&entry, 'C', buffer_bytes(&packed));
    buffer_append_text(&entry, "C\x09");
    cluster_inbox_read(&fixture.inbox, buffer_bytes(&entry));
    assert_text(buffer_bytes(&fixture.told), "count a/b  3\ncount a/b  3\n");
    buffer_deinit(&packed);
    buffer_deinit(&entry);
}

static void who_is_admitted_counts(void **state)
{
    (void)state;
    fixture.inbox.incarnation = 2;
    assert_text(READ("M", "a", "5:2", "1"), "admitted a/  5\n");
    assert_text(READ("M", "a", "6:2", "0"), "refused a/  6\n");
    assert_int_equal(cluster_state_find_app(&fixture.state, BYTES("a"))->connections_count, 1);
}

static void what_a_previous_incarnation_was_admitted_is_passed_over(void **state)
{
    (void)state;
    fixture.inbox.incarnation = 2;
    assert_text(READ("M", "a", "5:1", "1"), "");
    assert_text(READ("M", "a", "5:1", "0"), "");
    assert_text(READ("M", "a", "5", "1"), "");
    assert_null(cluster_state_find_app(&fixture.state, BYTES("a")));
}

static void events_of_others_are_told_once(void **state)
{
    (void)state;
    assert_text(READ("E", "c1:a:b", "7", "1", "you", "x"), "event a/b x 7\n");
    assert_text(READ("E", "c1:a:b", "7", "1", "you", "x"), "");
    assert_text(READ("E", "c1:a:c", "0", "3", "you", "y"), "event a/c y 0\n");
    assert_text(READ("E", "c1:a:b", "0", "2", "you", "z"), "");
    assert_text(READ("K", "c1:a:b", "0", "1", "them", "60", "k"), "kept event a/b k 60\n");
    assert_int_equal(fixture.inbox.received_count, 3);
}

static void our_own_events_are_told_where_they_were_not_before(void **state)
{
    struct net_chunk *frame = net_chunk_new(1);

    (void)state;
    cluster_outbox_add(&fixture.outbox, BYTES("c1:a:b"), 0, frame, 0, false);
    cluster_outbox_add(&fixture.outbox, BYTES("c1:a:b"), 0, frame, 0, true);
    net_chunk_unref(frame);
    assert_text(READ("E", "c1:a:b", "0", "1", "me", "x"), "event a/b x 0\n");
    assert_text(READ("E", "c1:a:b", "0", "1", "me", "x"), "");
    assert_text(READ("E", "c1:a:b", "0", "2", "me", "x"), "");
    cluster_outbox_add(&fixture.outbox, BYTES("u1:a:7"), 0, NULL, 0, false);
    assert_text(READ("T", "a", "7", "3", "me"), "terminate a/7  0\n");
    assert_text(READ("T", "a", "7", "3", "me"), "");
}

static void what_is_not_understood_is_passed_over(void **state)
{
    static const char cut[] = "P\x06\0\0\0\x06\0";

    (void)state;
    assert_text(READ("-", ""), "");
    assert_text(READ("?", "c1:a:b", "1"), "");
    assert_text(READ("D", "c1:a:b"), "");
    assert_text(READ("D", "nothing", "1"), "");
    assert_text(READ("D", NULL), "");
    cluster_inbox_read(&fixture.inbox, (struct bytes){cut, sizeof cut - 1});
    assert_int_equal(fixture.told.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_entry_is_told_as_what_it_is),
        TEST(a_channel_of_this_node_becomes_wide_and_narrow),
        TEST(members_that_come_at_once_are_told_at_once),
        TEST(members_that_come_in_pages_are_told_after_the_last_with_what_changed_meanwhile),
        TEST(pages_of_a_snapshot_that_is_not_the_last_are_passed_over),
        TEST(who_waits_for_a_page_that_never_comes_is_forgotten_with_the_link),
        TEST(an_entry_has_things_one_after_the_other),
        TEST(who_is_admitted_counts),
        TEST(what_a_previous_incarnation_was_admitted_is_passed_over),
        TEST(events_of_others_are_told_once),
        TEST(our_own_events_are_told_where_they_were_not_before),
        TEST(what_is_not_understood_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
