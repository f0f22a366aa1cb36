#include "pusher/auth.h"

#include "support/app.h"
#include "support/unit.h"

#define KEY "278d425bdf160c739803"
/* Pusher Channels, "Auth signatures": the worked examples. */
#define PRIVATE "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
#define PRESENCE "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80"

static void the_examples_of_pushers_documentation_are_valid(void **state)
{
    const struct config_app app = app_of_documentation();

    (void)state;
    assert_true(
        pusher_auth_is_valid(&app, BYTES("1234.1234:private-foobar"), BYTES(KEY ":" PRIVATE)));
    assert_true(pusher_auth_is_valid(
        &app,
        BYTES(
            "1234.1234:presence-foobar:{\"user_id\":10,\"user_info\":{\"name\":\"Mr. Channels\"}}"),
        BYTES(KEY ":" PRESENCE)));
}

static void any_other_signature_is_not(void **state)
{
    const struct config_app app = app_of_documentation();
    char auth[] = KEY ":" PRIVATE;

    (void)state;
    for (size_t i = 0; i < sizeof auth - 1; i++) {
        const char was = auth[i];

        auth[i] = was == 'a' ? 'b' : 'a';
        assert_false(pusher_auth_is_valid(&app, BYTES("1234.1234:private-foobar"), bytes_of(auth)));
        auth[i] = was;
        assert_false(
            pusher_auth_is_valid(&app, BYTES("1234.1234:private-foobar"), (struct bytes){auth, i}));
    }
    assert_false(
        pusher_auth_is_valid(&app, BYTES("1234.1234:private-foobar"), BYTES(KEY ":" PRIVATE "0")));
    assert_false(pusher_auth_is_valid(&app, BYTES("1234.1234:private-foobar"), BYTES(PRIVATE)));
    assert_false(pusher_auth_is_valid(&app, BYTES("1234.1234:private-foobar"), BYTES_NONE));
    assert_false(
        pusher_auth_is_valid(&app, BYTES("1234.1234:private-other"), BYTES(KEY ":" PRIVATE)));
    assert_false(pusher_auth_is_signature(&app, BYTES("1234.1234:private-foobar"), BYTES_NONE));
    assert_true(pusher_auth_is_signature(&app, BYTES("1234.1234:private-foobar"), BYTES(PRIVATE)));
}

static void upper_case_is_another_signature(void **state)
{
    const struct config_app app = app_of_documentation();

    (void)state;
    assert_false(pusher_auth_is_signature(
        &app, BYTES("1234.1234:private-foobar"),
        BYTES("58DF8B0C36D6982B82C3ECF6B4662E34FE8C25BBA48F5369F135BF843651C3A4")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_pushers_documentation_are_valid),
        cmocka_unit_test(any_other_signature_is_not),
        cmocka_unit_test(upper_case_is_another_signature),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
