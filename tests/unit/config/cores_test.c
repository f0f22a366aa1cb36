#include "config/cores.h"

#include "support/unit.h"

static void a_quota_is_rounded_up_to_cores(void **state)
{
    (void)state;
    assert_int_equal(config_cores_of_quota(BYTES("200000 100000\n")), 2);
    assert_int_equal(config_cores_of_quota(BYTES("150000 100000\n")), 2);
    assert_int_equal(config_cores_of_quota(BYTES("50000 100000\n")), 1);
}

static void no_quota_is_none(void **state)
{
    (void)state;
    assert_int_equal(config_cores_of_quota(BYTES("max 100000\n")), 0);
    assert_int_equal(config_cores_of_quota(BYTES("-1 100000\n")), 0);
    assert_int_equal(config_cores_of_quota(BYTES("")), 0);
}

static void there_is_one_core_at_least(void **state)
{
    (void)state;
    assert_true(config_cores_count() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quota_is_rounded_up_to_cores),
        cmocka_unit_test(no_quota_is_none),
        cmocka_unit_test(there_is_one_core_at_least),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
