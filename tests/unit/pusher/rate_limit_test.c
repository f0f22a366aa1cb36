#include "pusher/rate_limit.h"

#include "support/unit.h"

static const struct config_rate_limiting settings = {
    .enabled = true, .max_attempts = 3, .decay_s = 10};

static void so_many_messages_fit_in_a_stretch_and_no_more(void **state)
{
    struct pusher_rate_limit limit = {0};

    (void)state;
    for (uint64_t stretch = 0; stretch < 5; stretch++) {
        const uint64_t began_ms = 5000 + stretch * 10000;

        for (int i = 0; i < 3; i++)
            assert_true(pusher_rate_limit_take(&limit, &settings, began_ms + 500 * (uint64_t)i));
        assert_false(pusher_rate_limit_take(&limit, &settings, began_ms + 2000));
        assert_false(pusher_rate_limit_take(&limit, &settings, began_ms + 9999));
    }
}

static void a_stretch_begins_with_its_first_message(void **state)
{
    struct pusher_rate_limit limit = {0};

    (void)state;
    assert_true(pusher_rate_limit_take(&limit, &settings, 0));
    assert_true(pusher_rate_limit_take(&limit, &settings, 100000));
    assert_true(pusher_rate_limit_take(&limit, &settings, 109000));
    assert_true(pusher_rate_limit_take(&limit, &settings, 109000));
    assert_false(pusher_rate_limit_take(&limit, &settings, 109000));
    assert_true(pusher_rate_limit_take(&limit, &settings, 110000));
}

static void without_the_setting_nothing_is_counted(void **state)
{
    const struct config_rate_limiting off = {.enabled = false, .max_attempts = 1, .decay_s = 10};
    struct pusher_rate_limit limit = {0};

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(pusher_rate_limit_take(&limit, &off, 0));
    assert_int_equal(limit.attempts_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_messages_fit_in_a_stretch_and_no_more),
        cmocka_unit_test(a_stretch_begins_with_its_first_message),
        cmocka_unit_test(without_the_setting_nothing_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
