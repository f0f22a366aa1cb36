#include "ws/close.h"

#include "support/unit.h"

/* RFC 6455 section 7.4 and the register of codes at IANA. */
static void only_codes_that_may_stand_on_the_wire_are_valid(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        const bool is_of_the_protocol =
            code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
        const bool is_of_an_application = code >= 3000 && code <= 4999;

        assert_int_equal(ws_close_is_valid((uint16_t)code),
                         is_of_the_protocol || is_of_an_application);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_codes_that_may_stand_on_the_wire_are_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
