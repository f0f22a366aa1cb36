#include "cluster/peers.h"

#include "support/unit.h"

#include <stdio.h>

static struct cluster_peers peers;

static int set_up(void **state)
{
    (void)state;
    cluster_peers_init(&peers);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_peers_deinit(&peers);
    return 0;
}

/* A heartbeat of ours that finds those nodes, NULL at the end, all at that number of theirs. */
static void find(const char *const *nodes, unsigned heartbeats)
{
    char text[16];

    snprintf(text, sizeof text, "%u", heartbeats);
    cluster_peers_begin(&peers);
    for (; *nodes != NULL; nodes++)
        cluster_peers_note(&peers, bytes_of(*nodes), bytes_of(text), true);
    cluster_peers_end(&peers);
}

#define FIND(heartbeats, ...) find((const char *const[]){__VA_ARGS__, NULL}, heartbeats)

static void a_node_is_silent_when_ten_of_our_heartbeats_found_it_unchanged(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        FIND(7, "a.1");
        assert_null(cluster_peers_next_silent(&peers, NULL));
    }
    FIND(7, "a.1");
    assert_string_equal(cluster_peers_next_silent(&peers, NULL)->node, "a.1");
    assert_null(cluster_peers_next_silent(&peers, cluster_peers_next_silent(&peers, NULL)));
    FIND(8, "a.1");
    assert_null(cluster_peers_next_silent(&peers, NULL));
}

static void what_an_old_connection_found_does_not_count(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        FIND(7, "a.1", "b.1");
    cluster_peers_restart(&peers);
    FIND(7, "a.1", "b.1");
    assert_null(cluster_peers_next_silent(&peers, NULL));
}

static void who_is_not_found_any_more_is_forgotten(void **state)
{
    (void)state;
    FIND(1, "a.1", "b.1");
    assert_int_equal(peers.synced_count, 2);
    FIND(1, "b.1");
    assert_int_equal(peers.synced_count, 1);
    FIND(1, "a.1", "b.1");
    assert_int_equal(peers.synced_count, 2);
}

static void incarnations_of_one_process_count_once(void **state)
{
    (void)state;
    FIND(1, "a.1", "a.2", "b.1");
    assert_int_equal(peers.synced_count, 2);
    cluster_peers_begin(&peers);
    cluster_peers_note(&peers, BYTES("a.2"), BYTES("1"), false);
    cluster_peers_end(&peers);
    assert_int_equal(peers.synced_count, 0);
}

static void all_are_back_when_each_process_is_in_step_again(void **state)
{
    (void)state;
    assert_true(cluster_peers_are_back(&peers));
    FIND(1, "a.1", "b.1");
    cluster_peers_remember(&peers);
    FIND(1, "a.2");
    assert_false(cluster_peers_are_back(&peers));
    FIND(1, "a.2", "b.2", "c.1");
    assert_true(cluster_peers_are_back(&peers));
}

static void each_is_listed_with_how_long_it_has_been_silent(void **state)
{
    struct buffer out = {0};

    (void)state;
    cluster_peers_write(&peers, "a.1", &out);
    assert_text(buffer_bytes(&out), "[]");
    FIND(1, "a.1", "b.1");
    cluster_peers_begin(&peers);
    cluster_peers_note(&peers, BYTES("a.1"), BYTES("2"), true);
    cluster_peers_note(&peers, BYTES("b.1"), BYTES("1"), false);
    cluster_peers_end(&peers);
    buffer_clear(&out);
    cluster_peers_write(&peers, "a.1", &out);
    assert_text(buffer_bytes(&out),
                "[{\"node\":\"a.1\",\"is_this\":true,\"is_in_step\":true,\"silent_s\":0},"
                "{\"node\":\"b.1\",\"is_this\":false,\"is_in_step\":false,\"silent_s\":1}]");
    buffer_deinit(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_node_is_silent_when_ten_of_our_heartbeats_found_it_unchanged),
        TEST(what_an_old_connection_found_does_not_count),
        TEST(who_is_not_found_any_more_is_forgotten),
        TEST(incarnations_of_one_process_count_once),
        TEST(each_is_listed_with_how_long_it_has_been_silent),
        TEST(all_are_back_when_each_process_is_in_step_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
