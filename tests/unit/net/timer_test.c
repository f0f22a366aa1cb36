#include "net/timer.h"

#include "support/unit.h"

#define TIMERS_COUNT 500
#define ALL_TURNS_MS ((uint64_t)NET_TIMER_TICK_MS * NET_TIMER_SLOTS_COUNT)

struct thing {
    struct net_timer timer;
    size_t calls_count;
    uint64_t called_ms;
};

static struct net_timer_wheel wheel;
static struct thing things[TIMERS_COUNT];

static struct thing *thing_of(struct net_timer *timer)
{
    return LIST_OWNER(&timer->link, struct thing, timer.link);
}

static void on_due(struct net_timer *timer, uint64_t now_ms)
{
    assert_true(timer->due_ms <= now_ms);
    assert_true(list_is_empty(&timer->link));
    thing_of(timer)->calls_count++;
    thing_of(timer)->called_ms = now_ms;
}

static int start(void **state)
{
    (void)state;
    net_timer_wheel_init(&wheel, 1000000);
    for (size_t i = 0; i < TIMERS_COUNT; i++) {
        things[i].calls_count = 0;
        net_timer_init(&things[i].timer);
    }
    return 0;
}

#define TIMER_TEST(name) cmocka_unit_test_setup(name, start)

static void a_timer_is_called_once_never_early_and_at_most_two_ticks_late(void **state)
{
    struct unit_random random = {1};

    (void)state;
    /* Some far beyond one turn of the wheel. */
    for (size_t i = 0; i < TIMERS_COUNT; i++)
        net_timer_set(&wheel, &things[i].timer,
                      1000000 + unit_random_below(&random, 4 * ALL_TURNS_MS));
    for (uint64_t now_ms = 1000000; now_ms < 1000000 + 5 * ALL_TURNS_MS; now_ms += 100)
        net_timer_wheel_turn(&wheel, now_ms, on_due);
    for (size_t i = 0; i < TIMERS_COUNT; i++) {
        assert_int_equal(things[i].calls_count, 1);
        assert_in_range(things[i].called_ms, things[i].timer.due_ms,
                        things[i].timer.due_ms + 2 * NET_TIMER_TICK_MS);
    }
}

static void a_wheel_that_was_not_turned_for_long_calls_all_that_are_due(void **state)
{
    (void)state;
    for (size_t i = 0; i < TIMERS_COUNT; i++)
        net_timer_set(&wheel, &things[i].timer, 1000000 + i * 1000);
    net_timer_wheel_turn(&wheel, 1000000 + 250 * 1000 + 500, on_due);
    for (size_t i = 0; i < TIMERS_COUNT; i++)
        assert_int_equal(things[i].calls_count, i <= 250);
    net_timer_wheel_turn(&wheel, 1000000 + 1000 * 1000, on_due);
    for (size_t i = 0; i < TIMERS_COUNT; i++)
        assert_int_equal(things[i].calls_count, 1);
}

static void a_timer_that_is_set_again_moves(void **state)
{
    (void)state;
    net_timer_set(&wheel, &things[0].timer, 1001000);
    net_timer_set(&wheel, &things[0].timer, 1005000);
    net_timer_set(&wheel, &things[1].timer, 1000000 + 3 * ALL_TURNS_MS);
    net_timer_set(&wheel, &things[1].timer, 1001000);
    net_timer_wheel_turn(&wheel, 1004000, on_due);
    assert_int_equal(things[0].calls_count, 0);
    assert_int_equal(things[1].calls_count, 1);
    net_timer_wheel_turn(&wheel, 1006000, on_due);
    assert_int_equal(things[0].calls_count, 1);
}

static void a_stopped_timer_is_not_called(void **state)
{
    (void)state;
    net_timer_set(&wheel, &things[0].timer, 1001000);
    net_timer_stop(&things[0].timer);
    net_timer_stop(&things[0].timer);
    net_timer_stop(&things[1].timer);
    net_timer_wheel_turn(&wheel, 1010000, on_due);
    assert_int_equal(things[0].calls_count, 0);
}

static void what_is_overdue_when_set_comes_with_the_next_tick(void **state)
{
    (void)state;
    net_timer_set(&wheel, &things[0].timer, 0);
    net_timer_set(&wheel, &things[1].timer, 1000000);
    net_timer_wheel_turn(&wheel, 1000000 + NET_TIMER_TICK_MS, on_due);
    assert_int_equal(things[0].calls_count, 1);
    assert_int_equal(things[1].calls_count, 1);
}

static void on_due_again(struct net_timer *timer, uint64_t now_ms)
{
    on_due(timer, now_ms);
    net_timer_set(&wheel, timer, now_ms);
}

static void a_timer_that_sets_itself_again_does_not_come_twice_a_tick(void **state)
{
    (void)state;
    net_timer_set(&wheel, &things[0].timer, 1000000);
    for (size_t tick = 1; tick <= 600; tick++) {
        net_timer_wheel_turn(&wheel, 1000000 + tick * NET_TIMER_TICK_MS, on_due_again);
        assert_int_equal(things[0].calls_count, tick);
    }
}

static void on_due_stop_others(struct net_timer *timer, uint64_t now_ms)
{
    on_due(timer, now_ms);
    for (size_t i = 0; i < TIMERS_COUNT; i++)
        net_timer_stop(&things[i].timer);
}

static void a_timer_may_stop_others_that_are_due_with_it(void **state)
{
    size_t calls_count = 0;

    (void)state;
    for (size_t i = 0; i < TIMERS_COUNT; i++)
        net_timer_set(&wheel, &things[i].timer, 1001000);
    net_timer_wheel_turn(&wheel, 1010000, on_due_stop_others);
    for (size_t i = 0; i < TIMERS_COUNT; i++)
        calls_count += things[i].calls_count;
    assert_int_equal(calls_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TIMER_TEST(a_timer_is_called_once_never_early_and_at_most_two_ticks_late),
        TIMER_TEST(a_wheel_that_was_not_turned_for_long_calls_all_that_are_due),
        TIMER_TEST(a_timer_that_is_set_again_moves),
        TIMER_TEST(a_stopped_timer_is_not_called),
        TIMER_TEST(what_is_overdue_when_set_comes_with_the_next_tick),
        TIMER_TEST(a_timer_that_sets_itself_again_does_not_come_twice_a_tick),
        TIMER_TEST(a_timer_may_stop_others_that_are_due_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
