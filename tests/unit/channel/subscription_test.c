#include "channel/subscription.h"

#include "support/workers.h"

static struct workers workers;

static int open_crew(void **state)
{
    (void)state;
    workers_open(&workers, 1000000);
    return 0;
}

static int close_crew(void **state)
{
    (void)state;
    workers_close(&workers);
    return 0;
}

#define WORKERS_TEST(name) cmocka_unit_test_setup_teardown(name, open_crew, close_crew)

static void a_subscription_is_found_by_who_and_where(void **state)
{
    struct workers_member *first = workers_add_client(&workers, 0, WS_DEFLATE_PLAIN);
    struct workers_member *second = workers_add_client(&workers, 0, WS_DEFLATE_PLAIN);
    struct channel_fanout *fanout = &workers.workers[0].fanout;
    struct channel_subscription *a = workers_join(&workers, first, "a");
    struct channel_subscription *b = workers_join(&workers, first, "b");

    (void)state;
    assert_ptr_equal(channel_fanout_find(fanout, &first->ws, a->channel), a);
    assert_ptr_equal(channel_fanout_find(fanout, &first->ws, b->channel), b);
    assert_null(channel_fanout_find(fanout, &second->ws, a->channel));
    assert_int_equal(first->subscriber.count, 2);
}

static void leaving_says_whether_others_stay_on_any_worker(void **state)
{
    struct workers_member *members[] = {workers_add_client(&workers, 0, WS_DEFLATE_PLAIN),
                                        workers_add_client(&workers, 0, WS_DEFLATE_PLAIN),
                                        workers_add_client(&workers, 1, WS_DEFLATE_PLAIN)};
    struct channel_subscription *subscriptions[3];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        subscriptions[i] = workers_join(&workers, members[i], "a");
    for (size_t i = 0; i < 3; i++) {
        struct channel_fanout *fanout = &members[i]->worker->fanout;
        bool is_last;
        struct channel *channel = channel_fanout_leave(fanout, subscriptions[i], &is_last);

        assert_int_equal(is_last, i == 2);
        assert_int_equal(channel->workers & 1, i == 0);
        assert_int_equal(members[i]->subscriber.count, 0);
        assert_null(channel_fanout_find(fanout, &members[i]->ws, channel));
        channel_unref(channel);
    }
}

static void one_that_never_became_active_leaves_too(void **state)
{
    struct workers_member *member = workers_add_client(&workers, 0, WS_DEFLATE_PLAIN);
    struct channel_subscription *subscription = workers_subscribe(&workers, member, "a");

    (void)state;
    workers_publish(&workers, 0, "a", "unread", NULL);
    workers_turn(&workers);
    assert_member_received(member, "");
    workers_leave(subscription);
    assert_int_equal(channel_registry_count(workers.registry), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORKERS_TEST(a_subscription_is_found_by_who_and_where),
        WORKERS_TEST(leaving_says_whether_others_stay_on_any_worker),
        WORKERS_TEST(one_that_never_became_active_leaves_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
