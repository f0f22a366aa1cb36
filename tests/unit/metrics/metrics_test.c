#include "metrics/metrics.h"

#include "support/unit.h"

static void a_counter_holds_what_was_added(void **state)
{
    struct metrics metrics = {0};

    (void)state;
    metrics_add(&metrics.messages_sent, 1);
    metrics_add(&metrics.messages_sent, UINT32_MAX);
    assert_int_equal(metrics_read(&metrics.messages_sent), 1 + (uint64_t)UINT32_MAX);
    assert_int_equal(metrics_read(&metrics.messages_received), 0);
}

/* Else two workers would fight over a cache line with each message. */
static void each_workers_counters_stand_apart(void **state)
{
    struct metrics metrics[2];

    (void)state;
    assert_int_equal((uintptr_t)&metrics[1] % 64, 0);
    assert_int_equal(sizeof metrics[0] % 64, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_holds_what_was_added),
        cmocka_unit_test(each_workers_counters_stand_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
