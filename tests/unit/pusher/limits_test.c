#include "pusher/limits.h"

#include "support/app.h"
#include "support/unit.h"

static const char allowed[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=@,.;";

static void a_strict_app_takes_pushers_characters_and_no_others(void **state)
{
    struct config_app app = app_of_documentation();

    (void)state;
    app.strict = true;
    for (int byte = 0; byte < 256; byte++) {
        const char name[] = {'a', (char)byte, 'b'};

        assert_int_equal(pusher_limits_is_name(&app, (struct bytes){name, 3}),
                         byte != 0 && strchr(allowed, byte) != NULL);
    }
    assert_true(pusher_limits_is_name(&app, BYTES("#server-to-user-1")));
    assert_false(pusher_limits_is_name(&app, BYTES("a#")));
}

static void a_strict_app_takes_names_of_200_characters(void **state)
{
    struct config_app app = app_of_documentation();
    char name[201];

    (void)state;
    memset(name, 'a', sizeof name);
    app.strict = true;
    assert_true(pusher_limits_is_name(&app, (struct bytes){name, 200}));
    assert_false(pusher_limits_is_name(&app, (struct bytes){name, 201}));
    assert_false(pusher_limits_is_name(&app, BYTES("")));
    assert_true(pusher_limits_is_event_name(&app, (struct bytes){name, 200}));
    assert_false(pusher_limits_is_event_name(&app, (struct bytes){name, 201}));
}

static void any_other_app_takes_every_name(void **state)
{
    const struct config_app app = app_of_documentation();
    char name[1000] = {0};

    (void)state;
    assert_true(pusher_limits_is_name(&app, (struct bytes){name, sizeof name}));
    assert_true(pusher_limits_is_event_name(&app, (struct bytes){name, sizeof name}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_strict_app_takes_pushers_characters_and_no_others),
        cmocka_unit_test(a_strict_app_takes_names_of_200_characters),
        cmocka_unit_test(any_other_app_takes_every_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
