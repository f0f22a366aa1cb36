#include "cli/tail.h"

#include "support/command.h"
#include "support/control_peer.h"
#include "unit/config/folder.h"

#define PORT "18078"
#define PORT_OPTION "--port=18078"

#define ANSWER(...) CONTROL_PEER_ANSWER(PORT, __VA_ARGS__)

#define RUN(run, ...) command_run(&command, run, COMMAND_WORDS("command", __VA_ARGS__))

static void the_filters_are_sent_as_json(void **state)
{
    (void)state;
    ANSWER("{\"skipped\":3}\n");
    RUN(cli_tail, PORT_OPTION, "--app=1", "--channel=orders.*", "--event=\"", "--user=42");
    control_peer_assert_asked(
        "tail {\"app\":\"1\",\"channel\":\"orders.*\",\"event\":\"\\\"\",\"user\":\"42\"}\n");
    assert_int_equal(command.status, 0);
    assert_string_equal(buffer_text(&command.out), "… 3 more\n");
    assert_string_equal(buffer_text(&command.err), "reverb: the server has ended\n");
}

static void a_line_for_people_has_the_data_of_the_message(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    ANSWER("{\"at\":1700000000.5,\"app\":\"1\",\"kind\":\"published\",\"channel\":\"a\","
           "\"event\":\"e\",\"message\":\"{\\\"data\\\":\\\"{}\\\"}\"}\n"
           "{\"at\":1700000001,\"app\":\"1\",\"kind\":\"received\",\"socket_id\":\"1.2\","
           "\"message\":\"{\\\"data\\\":{\\\"x\\\": 1}}\"}\n"
           "{\"at\":1700000001,\"app\":\"1\",\"kind\":\"closed\",\"socket_id\":\"1.2\",\"code\":"
           "1006}\n");
    RUN(cli_tail, PORT_OPTION);
    control_peer_assert_asked("tail {}\n");
    assert_has(buffer_text(&command.out), "22:13:20.500 app 1 published a e {}\n");
    assert_has(buffer_text(&command.out), "22:13:21.000 app 1 received  1.2 {\"x\":1}\n");
    assert_has(buffer_text(&command.out), " app 1 closed    1.2 1006 \n");
}

static void lines_for_programs_are_as_they_came(void **state)
{
    (void)state;
    ANSWER("{\"at\":1,\"kind\":\"sent\"}\n");
    RUN(cli_tail, PORT_OPTION, "--json");
    control_peer_assert_asked("tail {}\n");
    assert_string_equal(buffer_text(&command.out), "{\"at\":1,\"kind\":\"sent\"}\n");
}

static void what_the_server_refuses_is_an_error(void **state)
{
    (void)state;
    ANSWER("{\"error\":\"too many tails are open\"}\n");
    RUN(cli_tail, PORT_OPTION);
    control_peer_assert_asked("tail {}\n");
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "too many tails are open");
    RUN(cli_tail, PORT_OPTION);
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "no server answers for port " PORT);
}

static void why_tells_of_a_connection_that_is_open(void **state)
{
    (void)state;
    ANSWER("{\"socket_id\":\"1.2\",\"connection\":{\"app\":\"1\",\"address\":\"192.0.2.1\",\"user_"
           "id\":\"42\","
           "\"channels_count\":1,\"backlog_bytes\":7,\"silent_s\":3,\"channels\":[\"news\"]},"
           "\"history\":[]}\n");
    RUN(cli_tail_why, "1.2", PORT_OPTION);
    control_peer_assert_asked("why 1.2\n");
    assert_int_equal(command.status, 0);
    assert_string_equal(buffer_text(&command.out), "  open, app 1, user 42, from 192.0.2.1\n"
                                                   "  1 channels\n"
                                                   "  7 bytes that wait for it\n"
                                                   "  3 seconds silent\n"
                                                   "    news\n");
}

static void why_tells_what_became_of_one(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    ANSWER(
        "{\"socket_id\":\"1.2\",\"history\":[{\"at\":1700000000,\"app\":\"1\",\"what\":\"refused\","
        "\"code\":4009,\"text\":\"no\",\"channel\":\"private-a\",\"count\":3},"
        "{\"at\":1700000000,\"app\":\"1\",\"address\":\"::1\",\"what\":\"lost\",\"count\":1}]}\n");
    RUN(cli_tail_why, "1.2", PORT_OPTION);
    control_peer_assert_asked("why 1.2\n");
    assert_string_equal(buffer_text(&command.out),
                        "  22:13:20  refused, 4009: no (private-a), 3 times\n"
                        "  22:13:20  lost, from ::1\n");
}

static void why_says_it_if_nothing_is_known(void **state)
{
    (void)state;
    ANSWER("{\"socket_id\":\"1.2\",\"history\":[]}\n");
    RUN(cli_tail_why, "1.2", PORT_OPTION);
    control_peer_assert_asked("why 1.2\n");
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "1.2: nothing is known of it");
    ANSWER("{\"socket_id\":\"1.2\",\"history\":[]}\n");
    RUN(cli_tail_why, "1.2", PORT_OPTION, "--json");
    control_peer_assert_asked("why 1.2\n");
    assert_string_equal(buffer_text(&command.out), "{\"socket_id\":\"1.2\",\"history\":[]}\n");
    ANSWER("{\"error\":\"that is no socket id\"}\n");
    RUN(cli_tail_why, "x", PORT_OPTION);
    control_peer_assert_asked("why x\n");
    assert_string_equal(buffer_text(&command.err), "reverb: x: that is no socket id\n");
    RUN(cli_tail_why, "--json");
    assert_has(buffer_text(&command.err), "why needs the socket id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(the_filters_are_sent_as_json),
        FOLDER_TEST(a_line_for_people_has_the_data_of_the_message),
        FOLDER_TEST(lines_for_programs_are_as_they_came),
        FOLDER_TEST(what_the_server_refuses_is_an_error),
        FOLDER_TEST(why_tells_of_a_connection_that_is_open),
        FOLDER_TEST(why_tells_what_became_of_one),
        FOLDER_TEST(why_says_it_if_nothing_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, command_release);
}
