#include "cli/cli.h"

#include "base/version.h"
#include "support/command.h"

#define REVERB(...) command_run(&command, cli_run, COMMAND_WORDS("reverb", __VA_ARGS__))

static void without_a_command_the_usage_is_an_error(void **state)
{
    (void)state;
    REVERB(NULL);
    assert_int_equal(command.status, 1);
    assert_int_equal(command.out.len, 0);
    assert_holds(buffer_bytes(&command.err), "Usage: reverb COMMAND [OPTION…]\n");
}

static void help_lists_the_commands_that_people_need(void **state)
{
    static const char *const listed[] = {"start",  "stop",   "restart", "reload",  "status",
                                         "config", "import", "listen",  "publish", "bench"};

    (void)state;
    REVERB("--help");
    assert_int_equal(command.status, 0);
    assert_int_equal(command.err.len, 0);
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++) {
        char line[32];

        snprintf(line, sizeof line, "\n  %-9s ", listed[i]);
        assert_non_null(strstr(buffer_text(&command.out), line));
    }
    assert_lacks_text(buffer_bytes(&command.out), "renew");
    assert_lacks_text(buffer_bytes(&command.out), "\n  mind ");
}

static void a_command_tells_its_options_however_it_is_asked(void **state)
{
    struct buffer first = {0};

    (void)state;
    REVERB("help", "stop");
    assert_int_equal(command.status, 0);
    assert_holds(buffer_bytes(&command.out), "Usage: reverb stop [OPTION…]\n");
    assert_holds(buffer_bytes(&command.out), "  --now ");
    buffer_append_bytes(&first, buffer_bytes(&command.out));
    REVERB("stop", "--port=1", "--help");
    assert_bytes_equal(buffer_bytes(&command.out), buffer_bytes(&first));
    REVERB("stop", "-h");
    assert_bytes_equal(buffer_bytes(&command.out), buffer_bytes(&first));
    REVERB("help", "renew");
    assert_text(buffer_bytes(&command.out), "Usage: reverb renew COMMAND [OPTION…]\n");
    buffer_deinit(&first);
}

static void a_mistyped_command_is_answered_with_the_nearest(void **state)
{
    (void)state;
    REVERB("statu");
    assert_int_equal(command.status, 1);
    assert_text(buffer_bytes(&command.err), "reverb: \"statu\" is no command; did you mean status? "
                                            "`reverb --help` lists them\n");
    REVERB("help", "pubish");
    assert_int_equal(command.status, 1);
    assert_holds(buffer_bytes(&command.err), "did you mean publish?");
}

static void the_version_is_told_however_it_is_asked(void **state)
{
    static const char *const ways[] = {"--version", "-v", "version"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        REVERB(ways[i]);
        assert_int_equal(command.status, 0);
        assert_text(buffer_bytes(&command.out), "reverb " VERSION "\n");
    }
}

static void an_answer_that_gets_lost_is_a_failure(void **state)
{
    const int full = open("/dev/full", O_WRONLY);

    (void)state;
    if (full < 0)
        skip();
    command_run_apart(&command, cli_run, COMMAND_WORDS("reverb", "version"), full);
    close(full);
    assert_int_equal(command.status, 1);
    assert_holds(buffer_bytes(&command.err), "reverb: standard output cannot be written: ");
}

static void renew_runs_the_command_in_its_place(void **state)
{
    const int nowhere = open("/dev/null", O_WRONLY);

    (void)state;
    command_run_apart(&command, cli_run,
                      COMMAND_WORDS("reverb", "renew", "sh", "-c", "echo here >&2; exit 7"),
                      nowhere);
    assert_int_equal(command.status, 7);
    assert_text(buffer_bytes(&command.err), "here\n");
    command_run_apart(&command, cli_run, COMMAND_WORDS("reverb", "renew", "/no/such"), nowhere);
    assert_int_equal(command.status, 1);
    assert_text(buffer_bytes(&command.err),
                "reverb: /no/such cannot be run: No such file or directory\n");
    command_run_apart(&command, cli_run, COMMAND_WORDS("reverb", "renew"), nowhere);
    assert_text(buffer_bytes(&command.err), "reverb: nothing cannot be run: give a command\n");
    close(nowhere);
}

static void who_is_to_mind_nobody_says_so(void **state)
{
    (void)state;
    REVERB("mind", "0");
    assert_int_equal(command.status, 1);
    assert_text(buffer_bytes(&command.err),
                "reverb: nothing can be minded: give the process id of a child\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_command_the_usage_is_an_error),
        cmocka_unit_test(help_lists_the_commands_that_people_need),
        cmocka_unit_test(a_command_tells_its_options_however_it_is_asked),
        cmocka_unit_test(a_mistyped_command_is_answered_with_the_nearest),
        cmocka_unit_test(the_version_is_told_however_it_is_asked),
        cmocka_unit_test(an_answer_that_gets_lost_is_a_failure),
        cmocka_unit_test(renew_runs_the_command_in_its_place),
        cmocka_unit_test(who_is_to_mind_nobody_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, command_release);
}
