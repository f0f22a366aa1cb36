#include "cli/bench.h"

#include "support/command.h"

#define APP "--app-id=1", "--key=k", "--secret=s", "--url=ws://127.0.0.1:1"

static void assert_refused(const char *const *words, const char *reason)
{
    command_run(&command, cli_bench, words);
    assert_int_equal(command.status, 1);
    assert_int_equal(command.out.len, 0);
    assert_holds(buffer_bytes(&command.err), "reverb: ");
    if (strstr(buffer_text(&command.err), reason) == NULL)
        fail_msg("\"%s\" does not have \"%s\"", buffer_text(&command.err), reason);
}

#define assert_refused_with(reason, ...) assert_refused(COMMAND_WORDS("bench", __VA_ARGS__), reason)

static void a_measurement_needs_a_scenario_that_there_is(void **state)
{
    (void)state;
    assert_refused_with("bench needs a scenario: fanout, publish,", NULL);
    assert_refused_with("bench needs a scenario: fanout, publish,", "--size=1");
    assert_refused_with("nothing", "nothing", APP);
}

static void a_number_that_is_not_right_is_named(void **state)
{
    (void)state;
    assert_refused_with("--connections \"0\" is not right; give a whole number from 1 to 1000000",
                        "fanout", "--connections=0");
    assert_refused_with("--rate \"x\" is not right", "fanout", "--rate=x");
    assert_refused_with("--others \"1,x\" is not right; give up to 4 process ids, with commas",
                        "fanout", "--others=1,x");
    assert_refused_with("--others \"1,2,3,4,5\" is not right", "fanout", "--others=1,2,3,4,5");
    assert_refused_with("--szie is not an option; did you mean --size?", "fanout", "--szie=1");
}

static void a_server_that_is_not_there_is_named(void **state)
{
    (void)state;
    assert_refused_with("127.0.0.1:1", "connect", "--connections=1", APP);
    assert_refused_with("127.0.0.1:1", "publish", "--json", APP);
    assert_refused_with("ftp", "fanout", "--publish-to=ftp://x", APP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_measurement_needs_a_scenario_that_there_is),
        cmocka_unit_test(a_number_that_is_not_right_is_named),
        cmocka_unit_test(a_server_that_is_not_there_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, command_release);
}
