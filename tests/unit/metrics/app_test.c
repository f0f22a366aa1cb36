#include "metrics/app.h"

#include "support/unit.h"

static void each_close_code_has_its_counter(void **state)
{
    (void)state;
    assert_int_equal(metrics_app_close_of(0), METRICS_APP_CLOSE_ABNORMAL);
    assert_int_equal(metrics_app_close_of(1006), METRICS_APP_CLOSE_ABNORMAL);
    assert_int_equal(metrics_app_close_of(1000), METRICS_APP_CLOSE_NORMAL);
    assert_int_equal(metrics_app_close_of(1005), METRICS_APP_CLOSE_NORMAL);
    assert_int_equal(metrics_app_close_of(1001), METRICS_APP_CLOSE_GOING_AWAY);
    assert_int_equal(metrics_app_close_of(1002), METRICS_APP_CLOSE_PROTOCOL);
    assert_int_equal(metrics_app_close_of(1007), METRICS_APP_CLOSE_INVALID_DATA);
    assert_int_equal(metrics_app_close_of(1009), METRICS_APP_CLOSE_TOO_BIG);
    assert_int_equal(metrics_app_close_of(4001), METRICS_APP_CLOSE_NO_APP);
    assert_int_equal(metrics_app_close_of(4004), METRICS_APP_CLOSE_OVER_QUOTA);
    assert_int_equal(metrics_app_close_of(4009), METRICS_APP_CLOSE_UNAUTHORIZED);
    assert_int_equal(metrics_app_close_of(4100), METRICS_APP_CLOSE_BACK_OFF);
    assert_int_equal(metrics_app_close_of(4200), METRICS_APP_CLOSE_RECONNECT);
    assert_int_equal(metrics_app_close_of(4201), METRICS_APP_CLOSE_STALE);
    assert_int_equal(metrics_app_close_of(1003), METRICS_APP_CLOSE_OTHER);
    assert_int_equal(metrics_app_close_of(4999), METRICS_APP_CLOSE_OTHER);
}

static void a_value_belongs_to_the_first_bound_that_is_not_below_it(void **state)
{
    (void)state;
    assert_int_equal(metrics_bound_of(0, 10), 0);
    assert_int_equal(metrics_bound_of(10, 10), 0);
    assert_int_equal(metrics_bound_of(11, 10), 1);
    assert_int_equal(metrics_bound_of(20, 10), 1);
    assert_int_equal(metrics_bound_of(21, 10), 2);
    assert_int_equal(metrics_bound_of(40, 10), 2);
    assert_int_equal(metrics_bound_of(10 << (METRICS_BOUNDS_COUNT - 1), 10),
                     METRICS_BOUNDS_COUNT - 1);
    assert_int_equal(metrics_bound_of((10 << (METRICS_BOUNDS_COUNT - 1)) + 1, 10),
                     METRICS_BOUNDS_COUNT);
    assert_int_equal(metrics_bound_of(UINT64_MAX, 1), METRICS_BOUNDS_COUNT);
}

static void what_was_observed_several_times_counts_as_often(void **state)
{
    struct metrics_histogram histogram = {0};

    (void)state;
    metrics_observe_times(&histogram, 20, 10, 3);
    metrics_observe(&histogram, 1, 10);
    assert_int_equal(metrics_read(&histogram.counts[0]), 1);
    assert_int_equal(metrics_read(&histogram.counts[1]), 3);
    assert_int_equal(metrics_read(&histogram.sum), 61);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_close_code_has_its_counter),
        cmocka_unit_test(a_value_belongs_to_the_first_bound_that_is_not_below_it),
        cmocka_unit_test(what_was_observed_several_times_counts_as_often),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
