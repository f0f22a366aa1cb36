#include "cluster/outbox.h"

#include "support/unit.h"

static struct cluster_outbox outbox;
static struct net_chunk *frame;

static int set_up(void **state)
{
    (void)state;
    cluster_outbox_init(&outbox, 1000);
    frame = net_chunk_new(100);
    net_chunk_append(frame, "event", 5);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_outbox_deinit(&outbox);
    assert_int_equal(outbox.bytes, 0);
    assert_int_equal(atomic_load(&frame->refs), 1);
    net_chunk_unref(frame);
    return 0;
}

static struct cluster_outbox_event *add(bool is_delivered)
{
    return cluster_outbox_add(&outbox, BYTES("c1:a:b"), 7, frame, 0, is_delivered);
}

static void what_was_delivered_stays_until_redis_has_it(void **state)
{
    const struct cluster_outbox_event *event = add(true);

    (void)state;
    assert_int_equal(event->number, 1);
    assert_text(cluster_outbox_key(event), "c1:a:b");
    assert_int_equal(add(true)->number, 2);
    assert_int_equal(add(true)->number, 3);
    cluster_outbox_acked(&outbox, 1, 2);
    assert_int_equal(outbox.count, 1);
    cluster_outbox_acked(&outbox, 3, 3);
    assert_int_equal(outbox.count, 0);
    assert_int_equal(add(true)->number, 4);
}

static void what_is_to_come_back_stays_until_it_was_received_too(void **state)
{
    (void)state;
    add(false);
    add(false);
    cluster_outbox_acked(&outbox, 1, 2);
    assert_int_equal(outbox.count, 2);
    assert_true(cluster_outbox_received(&outbox, 1));
    assert_int_equal(outbox.count, 1);
    assert_false(cluster_outbox_received(&outbox, 1)); /* twice is once */

    /* It may be received before Redis' answer has come. */
    add(false);
    assert_true(cluster_outbox_received(&outbox, 3));
    assert_false(cluster_outbox_received(&outbox, 3));
    assert_int_equal(outbox.count, 2);
    cluster_outbox_acked(&outbox, 3, 3);
    assert_int_equal(outbox.count, 1);
}

static void what_was_delivered_after_all_is_not_received_again(void **state)
{
    struct cluster_outbox_event *event = add(false);

    (void)state;
    cluster_outbox_deliver(&outbox, event);
    assert_false(cluster_outbox_received(&outbox, 1));
    cluster_outbox_acked(&outbox, 1, 1);
    assert_int_equal(outbox.count, 0);

    event = add(false);
    cluster_outbox_acked(&outbox, 2, 2);
    cluster_outbox_deliver(&outbox, event);
    assert_int_equal(outbox.count, 0);
    assert_false(cluster_outbox_received(&outbox, 2));
}

/* A later one may have been applied already, and what is not newer than that is passed over. */
static void what_was_refused_gets_a_new_number_behind_what_redis_may_have(void **state)
{
    struct cluster_outbox_event *refused = add(true);
    struct cluster_outbox_event *acked = add(true);
    struct cluster_outbox_event *uncertain = add(true);
    struct cluster_outbox_event *unsent = add(true);

    (void)state;
    refused->is_sent = acked->is_sent = uncertain->is_sent = true;
    cluster_outbox_refused(&outbox, 1, 1);
    cluster_outbox_acked(&outbox, 2, 2);
    assert_int_equal(outbox.count, 3);
    cluster_outbox_renumber(&outbox);
    assert_int_equal(uncertain->number, 3);
    assert_int_equal(refused->number, 5);
    assert_int_equal(unsent->number, 6);
    assert_ptr_equal(outbox.events.next, &uncertain->link);
    assert_ptr_equal(outbox.events.prev, &unsent->link);
    assert_int_equal(add(true)->number, 7);
}

static void the_end_of_a_user_has_no_frame(void **state)
{
    struct cluster_outbox_event *event =
        cluster_outbox_add(&outbox, BYTES("u1:a:7"), 0, NULL, 0, false);

    (void)state;
    assert_null(event->frame);
    assert_true(cluster_outbox_received(&outbox, event->number));
    cluster_outbox_acked(&outbox, 1, 1);
    assert_int_equal(outbox.count, 0);
}

static void the_oldest_go_where_there_are_too_many(void **state)
{
    struct cluster_outbox_event *surplus;
    size_t dropped = 0;

    (void)state;
    for (int i = 0; i < 50; i++)
        add(true);
    while ((surplus = cluster_outbox_surplus(&outbox)) != NULL) {
        assert_int_equal(surplus->number, ++dropped);
        cluster_outbox_drop(&outbox, surplus);
    }
    assert_in_range(outbox.bytes, 800, 1000);
    assert_int_equal(outbox.count + dropped, 50);
}

static void one_that_is_larger_than_all_may_be_stays(void **state)
{
    struct net_chunk *large = net_chunk_new(2000);
    char zeros[2000] = {0};

    (void)state;
    net_chunk_append(large, zeros, sizeof zeros);
    cluster_outbox_add(&outbox, BYTES("c1:a:b"), 0, large, 0, true);
    assert_null(cluster_outbox_surplus(&outbox));
    net_chunk_unref(large);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_delivered_stays_until_redis_has_it),
        TEST(what_is_to_come_back_stays_until_it_was_received_too),
        TEST(what_was_delivered_after_all_is_not_received_again),
        TEST(what_was_refused_gets_a_new_number_behind_what_redis_may_have),
        TEST(the_end_of_a_user_has_no_frame),
        TEST(the_oldest_go_where_there_are_too_many),
        TEST(one_that_is_larger_than_all_may_be_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
