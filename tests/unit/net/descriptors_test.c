#include "net/descriptors.h"

#include "support/unit.h"

#include <sys/resource.h>

static void set_limit(rlim_t soft)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = soft;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void the_soft_limit_is_raised_to_the_hard_one(void **state)
{
    struct net_descriptors descriptors;
    struct rlimit limit;

    (void)state;
    set_limit(64);
    net_descriptors_init(&descriptors);
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_true(limit.rlim_cur > 64 || limit.rlim_max == 64);
    assert_int_equal(descriptors.limit, limit.rlim_cur);
}

static void browsers_never_take_what_publishers_need(void **state)
{
    static const rlim_t limits[] = {16, 32, 64, 96, 97, 100, 128, 256, 1024, 4096};

    (void)state;
    /* The hard limit goes down with each: from the largest on. */
    for (size_t i = sizeof limits / sizeof limits[0]; i-- > 0;) {
        const struct rlimit limit = {.rlim_cur = limits[i], .rlim_max = limits[i]};
        struct net_descriptors descriptors;

        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        net_descriptors_init(&descriptors);
        assert_int_equal(descriptors.limit, limits[i]);
        assert_true(descriptors.connections_max > 0);
        assert_true(descriptors.connections_max < descriptors.limit);
        assert_true(descriptors.websockets_max > 0);
        assert_true(descriptors.websockets_max < descriptors.connections_max);
    }
}

static void no_more_are_counted_in_than_there_is_room_for(void **state)
{
    struct net_descriptors descriptors = {.connections_max = 3, .websockets_max = 2};

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++)
            assert_true(net_descriptors_take_connection(&descriptors));
        assert_false(net_descriptors_take_connection(&descriptors));
        assert_false(net_descriptors_take_connection(&descriptors));
        assert_int_equal(atomic_load(&descriptors.connections_count), 3);
        for (int i = 0; i < 3; i++)
            net_descriptors_give_connection(&descriptors);
        assert_true(net_descriptors_take_websocket(&descriptors));
        assert_true(net_descriptors_take_websocket(&descriptors));
        assert_false(net_descriptors_take_websocket(&descriptors));
        net_descriptors_give_websocket(&descriptors);
        net_descriptors_give_websocket(&descriptors);
    }
    assert_int_equal(atomic_load(&descriptors.connections_count), 0);
    assert_int_equal(atomic_load(&descriptors.websockets_count), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_are_counted_in_than_there_is_room_for),
        cmocka_unit_test(the_soft_limit_is_raised_to_the_hard_one),
        cmocka_unit_test(browsers_never_take_what_publishers_need),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
