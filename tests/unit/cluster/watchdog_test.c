#include "cluster/watchdog.h"

#include "support/unit.h"

static void a_thread_that_turns_has_not_stalled(void **state)
{
    struct cluster_watchdog watchdog = {0};

    (void)state;
    for (unsigned ticks = 1; ticks < 100; ticks++) {
        for (int i = 0; i < CLUSTER_WATCHDOG_CHECKS; i++)
            assert_false(cluster_watchdog_check(&watchdog, ticks));
        assert_false(cluster_watchdog_is_stalled(&watchdog));
    }
}

static void a_stall_is_found_once(void **state)
{
    struct cluster_watchdog watchdog = {0};

    (void)state;
    cluster_watchdog_check(&watchdog, 1);
    for (int i = 1; i < CLUSTER_WATCHDOG_CHECKS; i++)
        assert_false(cluster_watchdog_check(&watchdog, 1));
    assert_true(cluster_watchdog_check(&watchdog, 1));
    assert_true(cluster_watchdog_is_stalled(&watchdog));
    assert_false(cluster_watchdog_check(&watchdog, 1));
    assert_true(cluster_watchdog_is_stalled(&watchdog));
}

static void the_thread_itself_says_that_it_runs_again(void **state)
{
    struct cluster_watchdog watchdog = {0};

    (void)state;
    assert_false(cluster_watchdog_resume(&watchdog));
    for (int i = 0; i < CLUSTER_WATCHDOG_CHECKS; i++)
        cluster_watchdog_check(&watchdog, 0);
    assert_true(cluster_watchdog_is_stalled(&watchdog));
    assert_true(cluster_watchdog_resume(&watchdog));
    assert_false(cluster_watchdog_is_stalled(&watchdog));
    assert_false(cluster_watchdog_resume(&watchdog));
    assert_false(cluster_watchdog_check(&watchdog, 1));
    for (int i = 1; i < CLUSTER_WATCHDOG_CHECKS; i++)
        assert_false(cluster_watchdog_check(&watchdog, 1));
    assert_true(cluster_watchdog_check(&watchdog, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_turns_has_not_stalled),
        cmocka_unit_test(a_stall_is_found_once),
        cmocka_unit_test(the_thread_itself_says_that_it_runs_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
