#include "cli/options.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config_options options;
static bool wants_check;
static struct buffer error;

#define PARSE(...) parse((const char *const[]){"start", __VA_ARGS__, NULL})

static bool parse(const char *const *arguments)
{
    int count = 0;

    while (arguments[count] != NULL)
        count++;
    buffer_clear(&error);
    return cli_options_config(count, (char *const *)(uintptr_t)arguments, &options, &wants_check,
                              &error);
}

static int release(void **state)
{
    (void)state;
    buffer_deinit(&error);
    return 0;
}

static void a_value_stands_after_an_equals_sign_or_alone(void **state)
{
    (void)state;
    assert_true(PARSE("--port=9000"));
    assert_string_equal(options.port, "9000");
    assert_true(PARSE("--port", "9001"));
    assert_string_equal(options.port, "9001");
}

static void every_option_of_start_is_known(void **state)
{
    (void)state;
    assert_true(PARSE("--host=h", "--port=1", "--path=p", "--hostname=n", "--debug", "--config",
                      "c", "--env=e", "--workers=2", "--log-format=json"));
    assert_string_equal(options.host, "h");
    assert_string_equal(options.port, "1");
    assert_string_equal(options.path, "p");
    assert_string_equal(options.hostname, "n");
    assert_true(options.debug);
    assert_string_equal(options.config_file, "c");
    assert_string_equal(options.env_file, "e");
    assert_string_equal(options.workers, "2");
    assert_string_equal(options.log_format, "json");
}

static void what_is_not_given_is_null(void **state)
{
    (void)state;
    assert_true(PARSE(NULL));
    assert_null(options.host);
    assert_null(options.config_file);
    assert_false(options.debug);
}

static void the_last_of_two_counts(void **state)
{
    (void)state;
    assert_true(PARSE("--port=1", "--port=2"));
    assert_string_equal(options.port, "2");
}

static void a_value_may_be_a_dash_or_negative_or_empty_or_hold_equals(void **state)
{
    (void)state;
    assert_true(PARSE("--config", "-", "--port", "-1", "--path=", "--host=a=b"));
    assert_string_equal(options.config_file, "-");
    assert_string_equal(options.port, "-1");
    assert_string_equal(options.path, "");
    assert_string_equal(options.host, "a=b");
}

static void an_unknown_option_is_named_with_the_nearest(void **state)
{
    (void)state;
    assert_false(PARSE("--prot=1"));
    assert_string_equal(buffer_text(&error), "--prot is not an option; did you mean --port?");
    assert_false(PARSE("--log-fromat", "json"));
    assert_string_equal(buffer_text(&error),
                        "--log-fromat is not an option; did you mean --log-format?");
    assert_false(PARSE("-p", "1"));
    assert_memory_equal(buffer_text(&error), "-p is not an option", 19);
}

static void a_missing_value_is_named(void **state)
{
    (void)state;
    assert_false(PARSE("--port"));
    assert_string_equal(buffer_text(&error), "--port needs a value: --port=VALUE");
    assert_false(PARSE("--port", "--debug"));
    assert_string_equal(buffer_text(&error), "--port needs a value: --port=VALUE");
}

static void a_flag_takes_no_value(void **state)
{
    (void)state;
    assert_false(PARSE("--debug=yes"));
    assert_string_equal(buffer_text(&error), "--debug takes no value; give it alone");
    assert_false(PARSE("--debug", "yes"));
    assert_memory_equal(buffer_text(&error), "\"yes\" is not expected here", 26);
}

static void a_command_without_options_takes_none(void **state)
{
    char *arguments[] = {(char[]){"stop"}, (char[]){"--x"}, NULL};

    (void)state;
    buffer_clear(&error);
    assert_true(cli_options_parse(NULL, 0, 1, arguments, &error));
    assert_false(cli_options_parse(NULL, 0, 2, arguments, &error));
    assert_string_equal(buffer_text(&error), "--x is not an option");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_stands_after_an_equals_sign_or_alone),
        cmocka_unit_test(every_option_of_start_is_known),
        cmocka_unit_test(what_is_not_given_is_null),
        cmocka_unit_test(the_last_of_two_counts),
        cmocka_unit_test(a_value_may_be_a_dash_or_negative_or_empty_or_hold_equals),
        cmocka_unit_test(an_unknown_option_is_named_with_the_nearest),
        cmocka_unit_test(a_missing_value_is_named),
        cmocka_unit_test(a_flag_takes_no_value),
        cmocka_unit_test(a_command_without_options_takes_none),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
