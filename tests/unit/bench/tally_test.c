#include "bench/tally.h"

#include "support/unit.h"

static struct bench_tally tally;

static uint64_t check(const uint32_t *numbers, size_t count)
{
    uint64_t skipped_count = 0;
    uint32_t next = 0;

    tally = (struct bench_tally){0};
    for (size_t i = 0; i < count; i++)
        bench_tally_check(&tally, numbers[i], &next, &skipped_count);
    return skipped_count;
}

static void each_once_and_in_turn_is_clean(void **state)
{
    (void)state;
    assert_int_equal(check((const uint32_t[]){0, 1, 2, 3}, 4), 0);
    assert_true(bench_tally_is_clean(&tally));
}

static void doubled_late_and_missing_ones_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(check((const uint32_t[]){0, 1, 1, 2}, 4), 0);
    assert_int_equal(tally.faults.doubled, 1);
    assert_int_equal(check((const uint32_t[]){0, 2, 1, 3}, 4), 0);
    assert_int_equal(tally.faults.out_of_order, 1);
    assert_int_equal(check((const uint32_t[]){0, 3}, 2), 2);
    assert_false(tally.faults.doubled || tally.faults.out_of_order);
}

static void quantiles_are_right_to_two_percent(void **state)
{
    static struct bench_histogram histogram;

    (void)state;
    assert_int_equal(bench_histogram_quantile(&histogram, 0.5), 0);
    for (uint64_t value = 1; value <= 100000; value++)
        bench_histogram_add(&histogram, value);
    assert_in_range(bench_histogram_quantile(&histogram, 0.5), 50000, 51000);
    assert_in_range(bench_histogram_quantile(&histogram, 0.99), 99000, 100000);
    assert_int_equal(bench_histogram_quantile(&histogram, 1), 100000);
    bench_histogram_add(&histogram, UINT64_MAX);
    assert_true(bench_histogram_quantile(&histogram, 1) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once_and_in_turn_is_clean),
        cmocka_unit_test(doubled_late_and_missing_ones_are_told_apart),
        cmocka_unit_test(quantiles_are_right_to_two_percent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
