#include "cli/top.h"

#include "cli/top_view.h"
#include "support/command.h"
#include "support/control_peer.h"
#include "unit/config/folder.h"

#include <signal.h>

#define PORT "18081"
#define PORT_OPTION "--port=" PORT
#define ANSWER(...) CONTROL_PEER_ANSWER(PORT, __VA_ARGS__)
#define RUN(...) command_run(&command, cli_top, COMMAND_WORDS("top", __VA_ARGS__))

#define TOTALS(at_ms)                                                                       \
    "{\"at_ms\":" at_ms ",\"version\":\"0.1.0\",\"pid\":7,\"uptime_s\":3725,\"workers\":2," \
    "\"connections\":12,\"channels_count\":4,\"memory_bytes\":2500000,\"backlog_bytes\":70,"
#define APP(id, connections, sent)                                        \
    "{\"app\":\"" id "\",\"connections\":" connections ",\"channels\":4," \
    "\"messages_received\":0,\"messages_sent\":" sent ",\"events_published\":9,\"refused\":1}"
#define CHANNELS                                                             \
    "\"channels\":[{\"app\":\"1\",\"channel\":\"a\\u001b[1m\",\"events\":7," \
    "\"per_second\":0.500,\"subscribers\":3}],"
#define BEFORE                                            \
    TOTALS("1000")                                        \
    "\"apps\":[" APP("1", "2", "10") "],\"channels\":[]," \
                                     "\"connections_by_backlog\":[]}\n"
#define AFTER                                                              \
    TOTALS("3000")                                                         \
    "\"apps\":[" APP("1", "2", "40") "," APP("2", "10", "0") "]," CHANNELS \
                                                             "\"connections_by_backlog\":null}\n"

static json_t *answer_of(const char *text)
{
    json_t *answer = json_loads(text, 0, NULL);

    assert_non_null(answer);
    return answer;
}

static struct buffer shown;

static const char *show(const struct cli_top_view *view, json_t *answer)
{
    buffer_clear(&shown);
    cli_top_view_write(view, answer, &shown);
    return buffer_text(&shown);
}

static size_t count_of(const char *text, char wanted)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == wanted;
    return count;
}

static void for_programs_it_asks_twice_and_adds_what_happened_a_second(void **state)
{
    (void)state;
    ANSWER(BEFORE, AFTER);
    RUN("--json", PORT_OPTION);
    control_peer_assert_asked("top\ntop\n");
    assert_int_equal(command.status, 0);
    assert_holds(buffer_bytes(&command.out), "\"messages_sent_per_s\": 15.0");
    assert_lacks_text(buffer_bytes(&command.out), "\x1b");
    assert_int_equal(count_of(buffer_text(&command.out), '\n'), 1);
}

static void without_a_terminal_the_tables_are_printed_once(void **state)
{
    (void)state;
    ANSWER(BEFORE, AFTER);
    RUN(PORT_OPTION);
    control_peer_assert_asked("top\ntop\n");
    assert_int_equal(command.status, 0);
    assert_holds(buffer_bytes(&command.out),
                 "reverb 0.1.0, pid 7, up 1:02:05, 2 workers, 12 connections, 4 channels, 2.5 MB");
    assert_holds(buffer_bytes(&command.out), "\n2                        10"); /* the largest */
    assert_holds(buffer_bytes(&command.out), "a\\u001b[1m");
    assert_holds(buffer_bytes(&command.out), "a worker does not answer\n");
}

static void a_server_that_does_not_know_the_command_or_goes_is_an_error(void **state)
{
    (void)state;
    ANSWER("{\"error\":\"unknown command\"}\n");
    RUN("--once", PORT_OPTION);
    control_peer_assert_asked("top\n");
    assert_int_equal(command.status, 1);
    assert_string_equal(buffer_text(&command.err), "reverb: unknown command\n");
    ANSWER(BEFORE);
    RUN("--once", PORT_OPTION);
    control_peer_assert_asked("top\n");
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "reverb: no server answers for port " PORT);
    assert_int_equal(command.out.len, 0);
}

/* --- in a terminal --------------------------------------------------------------------------- */

struct terminal {
    int fd; /* of who sits at it */
    pid_t pid;
    struct buffer drawn;
};

/* Starts `reverb top` in a terminal of its own. */
static void sit_down(struct terminal *terminal)
{
    const char *const words[] = {"top", PORT_OPTION, NULL};

    *terminal = (struct terminal){.fd = posix_openpt(O_RDWR | O_NOCTTY)};
    assert_true(terminal->fd >= 0 && grantpt(terminal->fd) == 0 && unlockpt(terminal->fd) == 0);
    fflush(NULL);
    terminal->pid = fork();
    assert_true(terminal->pid >= 0);
    if (terminal->pid == 0) {
        int fd;

        alarm(60);
        setsid();
        fd = open(ptsname(terminal->fd), O_RDWR); /* its controlling terminal from now on */
        for (int i = 0; i < 3; i++)
            dup2(fd, i);
        close(terminal->fd);
        exit(command_call(cli_top, words));
    }
}

/* What it draws from now on, until that is in it. */
static void see(struct terminal *terminal, const char *part)
{
    buffer_clear(&terminal->drawn);
    while (strstr(buffer_text(&terminal->drawn), part) == NULL) {
        const ssize_t len = read(terminal->fd, buffer_reserve(&terminal->drawn, 4096), 4096);

        if (len <= 0)
            fail_msg("\"%s\" ended without \"%s\"", buffer_text(&terminal->drawn), part);
        terminal->drawn.len += (size_t)len;
    }
}

static void press(const struct terminal *terminal, const char *key)
{
    assert_int_equal(write(terminal->fd, key, 1), 1);
}

static int stand_up(struct terminal *terminal)
{
    const int status = command_wait(terminal->pid);

    close(terminal->fd);
    buffer_deinit(&terminal->drawn);
    return status;
}

static void in_a_terminal_keys_choose_and_sort_until_it_is_quit(void **state)
{
    struct terminal terminal;

    (void)state;
    ANSWER(AFTER);
    sit_down(&terminal);
    see(&terminal, "q quit");
    see(&terminal, "no server answers for port " PORT); /* it has asked again */
    press(&terminal, "s");
    see(&terminal, "*channels");
    press(&terminal, "c");
    press(&terminal, "s");
    see(&terminal, "*events ");
    press(&terminal, "b");
    press(&terminal, "s");
    see(&terminal, " *channels");
    press(&terminal, "x"); /* not a key of it */
    press(&terminal, "a");
    press(&terminal, "a");
    press(&terminal, "q");
    see(&terminal, "\x1b[?1049l");
    assert_int_equal(stand_up(&terminal), 0);
    control_peer_assert_asked("top\n");
}

static void a_signal_ends_it_and_the_screen_is_that_of_before(void **state)
{
    struct terminal terminal;

    (void)state;
    ANSWER(AFTER);
    sit_down(&terminal);
    see(&terminal, "q quit");
    kill(terminal.pid, SIGTERM);
    see(&terminal, "\x1b[?1049l");
    assert_int_equal(stand_up(&terminal), 128 + SIGTERM);
    control_peer_assert_asked("top\n");
}

/* --- the tables ------------------------------------------------------------------------------ */

static void each_column_sorts_numbers_from_the_largest_and_texts_from_the_first(void **state)
{
    json_t *answer = answer_of(AFTER);
    struct cli_top_view view;

    (void)state;
    cli_top_view_init(&view);
    assert_true(strstr(show(&view, answer), "\n1 ") > strstr(buffer_text(&shown), "\n2 "));
    for (int i = 0; i < 6; i++) /* the other six columns, and the first is the next */
        cli_top_view_sort_next(&view);
    assert_true(strstr(show(&view, answer), "\n1 ") < strstr(buffer_text(&shown), "\n2 "));
    assert_has(buffer_text(&shown), "\n*app ");
    json_decref(answer);
}

static void a_screen_of_any_height_is_never_exceeded(void **state)
{
    json_t *answer = answer_of(AFTER);
    struct cli_top_view view;

    (void)state;
    cli_top_view_init(&view);
    for (size_t rows = 6; rows < 40; rows++) {
        view.rows_count = rows;
        assert_true(count_of(show(&view, answer), '\n') < rows);
    }
    json_decref(answer);
}

static void a_table_that_is_chosen_again_is_alone_until_the_next_time(void **state)
{
    json_t *answer = answer_of(AFTER);
    struct cli_top_view view;

    (void)state;
    cli_top_view_init(&view);
    cli_top_view_choose(&view, CLI_TOP_VIEW_CHANNELS);
    assert_has(show(&view, answer), "Apps\n");
    cli_top_view_choose(&view, CLI_TOP_VIEW_CHANNELS);
    assert_null(strstr(show(&view, answer), "Apps\n"));
    assert_has(buffer_text(&shown), "Busiest channels\n");
    cli_top_view_choose(&view, CLI_TOP_VIEW_CHANNELS);
    assert_has(show(&view, answer), "Apps\n");
    json_decref(answer);
}

static void on_a_screen_what_is_too_long_for_its_column_is_cut(void **state)
{
    json_t *answer = answer_of("{\"version\":\"1\",\"apps\":[{\"app\":\"é234567890123456\"}]}");
    struct cli_top_view view;

    (void)state;
    cli_top_view_init(&view);
    assert_has(show(&view, answer), "\né234567890123456 ");
    view.rows_count = 24;
    assert_has(show(&view, answer), "\né23456789012… ");
    json_decref(answer);
    buffer_deinit(&shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(for_programs_it_asks_twice_and_adds_what_happened_a_second),
        FOLDER_TEST(without_a_terminal_the_tables_are_printed_once),
        FOLDER_TEST(a_server_that_does_not_know_the_command_or_goes_is_an_error),
        FOLDER_TEST(in_a_terminal_keys_choose_and_sort_until_it_is_quit),
        FOLDER_TEST(a_signal_ends_it_and_the_screen_is_that_of_before),
        cmocka_unit_test(each_column_sorts_numbers_from_the_largest_and_texts_from_the_first),
        cmocka_unit_test(a_screen_of_any_height_is_never_exceeded),
        cmocka_unit_test(a_table_that_is_chosen_again_is_alone_until_the_next_time),
        cmocka_unit_test(on_a_screen_what_is_too_long_for_its_column_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, command_release);
}
