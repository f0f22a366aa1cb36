#include "cli/doctor.h"

#include "support/command.h"
#include "unit/config/folder.h"

static const char *doctor(const char *const *words)
{
    command_run(&command, cli_doctor, words);
    return buffer_text(&command.out);
}

static void nobody_at_the_port_is_a_fault(void **state)
{
    (void)state;
    folder_set_app();
    setenv("REVERB_HOST", "127.0.0.1", 1);
    setenv("REVERB_PORT", "2", 1);
    folder_write(".env", "APP_NAME=Laravel\nBROADCAST_CONNECTION=log\nAPP_URL=http://a.test/x\n");
    assert_has(doctor(COMMAND_WORDS("doctor", "--port=1")), "systemctl start reverb");
    assert_has(buffer_text(&command.out), "fault   proxy");
    assert_has(buffer_text(&command.out), "BROADCAST_CONNECTION=reverb");
    assert_int_equal(command.status, 1);
}

static void it_prints_json_if_programs_are_to_read_it(void **state)
{
    (void)state;
    assert_has(doctor(COMMAND_WORDS("doctor", "--json")), "\"check\":\"settings\"");
    assert_int_equal(command.status, 1);
}

static void a_server_elsewhere_needs_no_configuration(void **state)
{
    (void)state;
    assert_has(doctor(COMMAND_WORDS("doctor", "--url=ws://127.0.0.1:1", "--app-id=1", "--key=k",
                                    "--secret=s")),
               "fault   proxy");
    assert_lacks(buffer_text(&command.out), "settings");
    assert_has(
        doctor(COMMAND_WORDS("doctor", "--url=ftp://x", "--app-id=1", "--key=k", "--secret=s")),
        "is no address of a server");
}

static void a_wrong_option_is_one_line(void **state)
{
    (void)state;
    doctor(COMMAND_WORDS("doctor", "--idle=often"));
    assert_has(buffer_text(&command.err), "--idle \"often\" is no number of seconds");
    assert_int_equal(command.status, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(nobody_at_the_port_is_a_fault),
        FOLDER_TEST(it_prints_json_if_programs_are_to_read_it),
        FOLDER_TEST(a_server_elsewhere_needs_no_configuration),
        FOLDER_TEST(a_wrong_option_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, command_release);
}
