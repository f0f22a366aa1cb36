#include "cli/running.h"

#include "support/command.h"
#include "support/control_peer.h"
#include "unit/config/folder.h"

#define PORT "18077"

#define ANSWER(...) CONTROL_PEER_ANSWER(PORT, __VA_ARGS__)

#define RUN(run, ...) command_run(&command, run, COMMAND_WORDS("command", __VA_ARGS__))

static void status_is_a_table_for_people(void **state)
{
    (void)state;
    ANSWER("{\"state\": \"running\", \"pid\": 7, \"connections\": 12,"
           " \"cluster\": {\"redis\": \"connected\", \"nodes\": 3},"
           " \"apps\": [{\"id\": \"a\\u001b[1m\", \"connections\": 12, \"channels\": 4}]}\n");
    RUN(cli_running_status, NULL);
    control_peer_assert_asked("status\n");
    assert_int_equal(command.status, 0);
    assert_int_equal(command.err.len, 0);
    assert_has(buffer_text(&command.out), "state                  running\n");
    assert_has(buffer_text(&command.out), "pid                    7\n");
    assert_has(buffer_text(&command.out), "Redis                  connected\n");
    assert_has(buffer_text(&command.out), "nodes                  3\n");
    assert_has(buffer_text(&command.out), "12 connections, 4 channels\n");
    assert_null(strchr(buffer_text(&command.out), '\x1b')); /* nothing for the terminal */
    assert_lacks(buffer_text(&command.out), "version");
}

static void status_is_json_for_programs(void **state)
{
    (void)state;
    ANSWER("{\"state\":\"running\",\"port\":" PORT "}\n");
    RUN(cli_running_status, "--json", "--port=" PORT);
    control_peer_assert_asked("status\n");
    assert_int_equal(command.status, 0);
    assert_string_equal(buffer_text(&command.out),
                        "{\n  \"state\": \"running\",\n  \"port\": " PORT "\n}\n");
}

static void stop_waits_until_the_server_has_gone(void **state)
{
    char answer[64];

    (void)state;
    snprintf(answer, sizeof answer, "{\"pid\":%d,\"ends_within_s\":30}\n", (int)getpid());
    ANSWER(answer, "{\"state\":\"ending\"}\n");
    RUN(cli_running_stop, NULL);
    control_peer_assert_asked("stop\nstatus\n");
    assert_int_equal(command.status, 0);
    assert_string_equal(buffer_text(&command.out), "The server has stopped.\n");
}

static void stop_now_says_so_to_the_server(void **state)
{
    (void)state;
    ANSWER("{\"pid\":1,\"ends_within_s\":0}\n");
    RUN(cli_running_stop, "--now");
    control_peer_assert_asked("stop now\n");
    assert_int_equal(command.status, 0);
}

static void a_server_that_does_not_end_is_told_of(void **state)
{
    char answer[64];

    (void)state;
    /* The time it has is over when it has answered. */
    snprintf(answer, sizeof answer, "{\"pid\":%d,\"ends_within_s\":-5}\n", (int)getpid());
    ANSWER(answer, "{\"state\":\"ending\"}\n");
    RUN(cli_running_stop, NULL);
    control_peer_assert_asked("stop\nstatus\n");
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "was told to end and is still there\n");
}

static void restart_says_who_serves_then(void **state)
{
    (void)state;
    ANSWER("{\"done\":\"a new process serves\"}\n");
    RUN(cli_running_restart, NULL);
    control_peer_assert_asked("restart\n");
    assert_int_equal(command.status, 0);
    assert_string_equal(buffer_text(&command.out),
                        "The server was restarted; a new process serves.\n");
    ANSWER("{\"pid\":1,\"ends_within_s\":0}\n");
    RUN(cli_running_restart, NULL);
    control_peer_assert_asked("restart\n");
    assert_int_equal(command.status, 0);
    assert_has(buffer_text(&command.out), "its process manager starts it again.\n");
}

static void reload_prints_what_the_server_says(void **state)
{
    (void)state;
    ANSWER("{\"done\":\"apps were reloaded: 2\"}\n");
    RUN(cli_running_reload, NULL);
    control_peer_assert_asked("reload\n");
    assert_int_equal(command.status, 0);
    assert_string_equal(buffer_text(&command.out), "apps were reloaded: 2\n");
    ANSWER("{}\n");
    RUN(cli_running_reload, NULL);
    control_peer_assert_asked("reload\n");
    assert_string_equal(buffer_text(&command.out), "The server reloads.\n");
}

static void what_the_server_refuses_is_an_error(void **state)
{
    static int (*const commands[])(int, char **) = {cli_running_stop, cli_running_restart,
                                                    cli_running_reload};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ANSWER("{\"error\":\"not now\"}\n");
        RUN(commands[i], NULL);
        scripted_close(&control_peer);
        assert_int_equal(command.status, 1);
        assert_int_equal(command.out.len, 0);
        assert_string_equal(buffer_text(&command.err), "reverb: not now\n");
    }
}

static void where_nobody_answers_the_socket_is_named(void **state)
{
    static int (*const commands[])(int, char **) = {cli_running_status, cli_running_stop,
                                                    cli_running_restart, cli_running_reload};

    (void)state;
    setenv("REVERB_CONTROL", "/nowhere", 1);
    for (size_t i = 0; i < 4; i++) {
        RUN(commands[i], "--port", PORT);
        assert_int_equal(command.status, 1);
        assert_string_equal(buffer_text(&command.err), "reverb: no server answers for port " PORT
                                                       " (/nowhere/" PORT ".sock)\n");
    }
}

static void which_server_is_meant_may_stand_in_the_configuration(void **state)
{
    (void)state;
    folder_set_app();
    folder_write("another.env", "REVERB_SERVER_PORT=" PORT "\n");
    ANSWER("{}\n");
    RUN(cli_running_status, "--env=another.env");
    control_peer_assert_asked("status\n");
    assert_int_equal(command.status, 0);
    folder_write("another.env", "REVERB_SERVER_PORT=x\n");
    RUN(cli_running_status, "--env=another.env");
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "REVERB_SERVER_PORT");
}

static void a_port_that_is_none_is_refused(void **state)
{
    (void)state;
    RUN(cli_running_status, "--port=0");
    assert_int_equal(command.status, 1);
    assert_string_equal(buffer_text(&command.err),
                        "reverb: --port \"0\" is no port; give a number from 1 to 65535\n");
    RUN(cli_running_stop, "--json");
    assert_has(buffer_text(&command.err), "reverb: --json is not an option; did you mean --");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(status_is_a_table_for_people),
        FOLDER_TEST(status_is_json_for_programs),
        FOLDER_TEST(stop_waits_until_the_server_has_gone),
        FOLDER_TEST(stop_now_says_so_to_the_server),
        FOLDER_TEST(a_server_that_does_not_end_is_told_of),
        FOLDER_TEST(restart_says_who_serves_then),
        FOLDER_TEST(reload_prints_what_the_server_says),
        FOLDER_TEST(what_the_server_refuses_is_an_error),
        FOLDER_TEST(where_nobody_answers_the_socket_is_named),
        FOLDER_TEST(which_server_is_meant_may_stand_in_the_configuration),
        FOLDER_TEST(a_port_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, command_release);
}
