#include "net/watermark.h"

#include "support/unit.h"

static struct net_watermark watermark;
static int lows_count;

static void on_low(struct net_watermark_waiter *waiter)
{
    (void)waiter;
    lows_count++;
}

static int open_watermark(void **state)
{
    (void)state;
    net_watermark_init(&watermark, 100, 0);
    lows_count = 0;
    (void)net_watermark_take_filled();
    return 0;
}

#define WATERMARK_TEST(name) cmocka_unit_test_setup(name, open_watermark)

static void who_adds_beyond_the_mark_is_told_so_once(void **state)
{
    (void)state;
    net_watermark_add(&watermark, 100);
    assert_null(net_watermark_take_filled());
    net_watermark_note(&watermark, 1);
    assert_false(net_watermark_has_filled());
    net_watermark_add(&watermark, 1);
    assert_true(net_watermark_has_filled());
    assert_ptr_equal(net_watermark_take_filled(), &watermark);
    assert_null(net_watermark_take_filled());
    net_watermark_note(&watermark, 1);
    assert_ptr_equal(net_watermark_take_filled(), &watermark);
}

static void with_a_step_who_adds_little_is_told_once_for_so_much(void **state)
{
    (void)state;
    net_watermark_init(&watermark, 100, 10);
    net_watermark_add(&watermark, 101);
    assert_ptr_equal(net_watermark_take_filled(), &watermark);
    for (int i = 0; i < 9; i++)
        net_watermark_add(&watermark, 1);
    assert_false(net_watermark_has_filled());
    net_watermark_note(&watermark, 1);
    assert_true(net_watermark_has_filled());
    net_watermark_take_filled();
    net_watermark_note(&watermark, 9);
    assert_false(net_watermark_has_filled());
    net_watermark_add(&watermark, 10);
    assert_true(net_watermark_has_filled());
}

static void who_waits_is_told_when_half_of_it_has_gone(void **state)
{
    struct net_watermark_waiter waiters[2] = {{.on_low = on_low}, {.on_low = on_low}};

    (void)state;
    net_watermark_add(&watermark, 150);
    net_watermark_wait(&watermark, &waiters[0]);
    net_watermark_wait(&watermark, &waiters[1]);
    net_watermark_sub(&watermark, 99);
    assert_int_equal(lows_count, 0);
    net_watermark_sub(&watermark, 1);
    assert_int_equal(lows_count, 2);
    net_watermark_sub(&watermark, 50);
    assert_int_equal(lows_count, 2);
}

static void who_waits_for_what_is_low_already_is_told_at_once(void **state)
{
    struct net_watermark_waiter waiter = {.on_low = on_low};

    (void)state;
    net_watermark_add(&watermark, 50);
    net_watermark_wait(&watermark, &waiter);
    assert_int_equal(lows_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATERMARK_TEST(who_adds_beyond_the_mark_is_told_so_once),
        WATERMARK_TEST(with_a_step_who_adds_little_is_told_once_for_so_much),
        WATERMARK_TEST(who_waits_is_told_when_half_of_it_has_gone),
        WATERMARK_TEST(who_waits_for_what_is_low_already_is_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
