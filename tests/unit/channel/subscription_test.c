#include "channel/subscription.h"

#include "support/crew.h"

static struct crew crew;

static int open_crew(void **state)
{
    (void)state;
    crew_open(&crew, 1000000);
    return 0;
}

static int close_crew(void **state)
{
    (void)state;
    crew_close(&crew);
    return 0;
}

#define CREW_TEST(name) cmocka_unit_test_setup_teardown(name, open_crew, close_crew)

static void a_subscription_is_found_by_who_and_where(void **state)
{
    struct crew_member *first = crew_hire(&crew, 0, WS_DEFLATE_PLAIN);
    struct crew_member *second = crew_hire(&crew, 0, WS_DEFLATE_PLAIN);
    struct channel_fanout *fanout = &crew.workers[0].fanout;
    struct channel_subscription *a = crew_join(&crew, first, "a");
    struct channel_subscription *b = crew_join(&crew, first, "b");

    (void)state;
    assert_ptr_equal(channel_subscription_find(fanout, &first->ws, a->channel), a);
    assert_ptr_equal(channel_subscription_find(fanout, &first->ws, b->channel), b);
    assert_null(channel_subscription_find(fanout, &second->ws, a->channel));
    assert_int_equal(first->subscriber.count, 2);
}

static void leaving_says_whether_others_of_the_worker_stay(void **state)
{
    struct crew_member *members[] = {crew_hire(&crew, 0, WS_DEFLATE_PLAIN),
                                     crew_hire(&crew, 0, WS_DEFLATE_PLAIN),
                                     crew_hire(&crew, 1, WS_DEFLATE_PLAIN)};
    struct channel_subscription *subscriptions[3];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        subscriptions[i] = crew_join(&crew, members[i], "a");
    for (size_t i = 0; i < 3; i++) {
        struct channel_fanout *fanout = &members[i]->worker->fanout;
        bool is_last_of_worker;
        struct channel *channel =
            channel_subscription_free(fanout, subscriptions[i], &is_last_of_worker);

        assert_int_equal(is_last_of_worker, i != 0);
        assert_int_equal(members[i]->subscriber.count, 0);
        assert_null(channel_subscription_find(fanout, &members[i]->ws, channel));
        assert_int_equal(channel_registry_leave(channel, fanout->worker, is_last_of_worker),
                         i == 2);
        channel_unref(channel);
    }
}

static void one_that_never_became_active_leaves_too(void **state)
{
    struct crew_member *member = crew_hire(&crew, 0, WS_DEFLATE_PLAIN);
    struct channel_subscription *subscription = crew_subscribe(&crew, member, "a");

    (void)state;
    crew_publish(&crew, 0, "a", "unheard", NULL);
    crew_turn(&crew);
    assert_member_heard(member, "");
    crew_leave(subscription);
    assert_int_equal(channel_registry_count(crew.registry), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CREW_TEST(a_subscription_is_found_by_who_and_where),
        CREW_TEST(leaving_says_whether_others_of_the_worker_stay),
        CREW_TEST(one_that_never_became_active_leaves_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
