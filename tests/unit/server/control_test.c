#include "server/control.h"

#include "base/check.h"
#include "server/ask.h"
#include "server/fd_passing.h"
#include "server/place.h"
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORT 18080

static char folder[64];
static uv_loop_t loop;
static struct server_control *control;
static struct buffer commands; /* "status;stop;" */

static struct server_control_caller *kept; /* is answered later */
static int gone_count;

static void on_command(struct server_control_caller *caller, struct bytes command, void *user)
{
    struct buffer answer = {0};

    assert_ptr_equal(user, &loop);
    buffer_append_bytes(&commands, command);
    buffer_append_char(&commands, ';');
    if (bytes_equal(command, BYTES("later"))) {
        kept = caller;
        return;
    }
    buffer_append_text(&answer, "it is ");
    buffer_append_bytes(&answer, command);
    server_control_answer(caller, buffer_bytes(&answer));
    buffer_deinit(&answer);
}

static void on_gone(struct server_control_caller *caller, void *user)
{
    (void)user;
    if (caller == kept)
        kept = NULL;
    gone_count++;
}

static const struct server_control_events events = {on_command, on_gone};

static int open_control(void **state)
{
    struct buffer error = {0};

    (void)state;
    strcpy(folder, "/tmp/reverb-control-XXXXXX");
    assert_non_null(mkdtemp(folder));
    setenv("REVERB_CONTROL", folder, 1);
    assert_int_equal(uv_loop_init(&loop), 0);
    control = server_control_open(&loop, PORT, false, &events, &loop, &error);
    if (control == NULL)
        fail_msg("%s", buffer_text(&error));
    return 0;
}

static int close_control(void **state)
{
    (void)state;
    if (control != NULL)
        server_control_close(control);
    uv_run(&loop, UV_RUN_DEFAULT);
    buffer_deinit(&commands);
    assert_int_equal(rmdir(folder), 0); /* nothing is left in it */
    return uv_loop_close(&loop);
}

#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, open_control, close_control)

struct caller {
    pthread_t thread;
    uint16_t port;
    const char *command;
    struct buffer answer;
    bool is_answered;
    atomic_bool is_done;
};

static void *ask(void *user)
{
    struct caller *caller = user;

    caller->is_answered = server_ask(caller->port, caller->command, 5, &caller->answer);
    atomic_store(&caller->is_done, true);
    return NULL;
}

/* Asks from another thread, as another process would. */
static void ask_and_turn(struct caller *caller)
{
    atomic_init(&caller->is_done, false);
    CHECK(pthread_create(&caller->thread, NULL, ask, caller) == 0);
    while (!atomic_load(&caller->is_done)) /* it waits for 5 s at most */
        uv_run(&loop, UV_RUN_NOWAIT);
    pthread_join(caller->thread, NULL);
}

static void a_command_is_answered_with_one_line(void **state)
{
    struct caller caller = {.port = PORT, .command = "status"};

    (void)state;
    ask_and_turn(&caller);
    assert_true(caller.is_answered);
    assert_text(buffer_bytes(&caller.answer), "it is status");
    assert_text(buffer_bytes(&commands), "status;");
    buffer_deinit(&caller.answer);
}

static void only_its_user_may_enter_the_folder(void **state)
{
    struct stat info;

    (void)state;
    assert_int_equal(stat(folder, &info), 0);
    assert_int_equal(info.st_mode & 077, 0);
}

static void where_no_server_is_it_says_so(void **state)
{
    struct caller caller = {.port = PORT + 1, .command = "status"};

    (void)state;
    ask_and_turn(&caller);
    assert_false(caller.is_answered);
    assert_true(caller.answer.len > 0);
    assert_int_equal(commands.len, 0);
    buffer_deinit(&caller.answer);
}

static void a_command_too_long_is_not_received(void **state)
{
    char command[2000];
    struct caller caller = {.port = PORT, .command = command};

    (void)state;
    memset(command, 'x', sizeof command - 1);
    command[sizeof command - 1] = '\0';
    ask_and_turn(&caller);
    assert_false(caller.is_answered);
    assert_int_equal(commands.len, 0);
    buffer_deinit(&caller.answer);
}

static int connect_to_control(void)
{
    struct buffer error = {0};
    const int fd = server_place_connect(server_control_path(control), &error);

    assert_true(fd >= 0);
    return fd;
}

static void turn_until_said(const char *said)
{
    for (int i = 0; i < 1000 && !bytes_equal(buffer_bytes(&commands), bytes_of(said)); i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_true(bytes_equal(buffer_bytes(&commands), bytes_of(said)));
}

static void an_answer_may_come_later(void **state)
{
    char answer[16];
    const int fd = connect_to_control();

    (void)state;
    assert_int_equal(write(fd, "later\n", 6), 6);
    turn_until_said("later;");
    server_control_answer(kept, BYTES("now"));
    while (kept != NULL)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(read(fd, answer, sizeof answer), 4);
    assert_memory_equal(answer, "now\n", 4);
    assert_int_equal(read(fd, answer, sizeof answer), 0);
    close(fd);
}

static void who_goes_without_an_answer_is_told_of(void **state)
{
    const int fd = connect_to_control();

    (void)state;
    assert_int_equal(write(fd, "later\n", 6), 6);
    turn_until_said("later;");
    close(fd);
    for (int i = 0; i < 1000 && kept != NULL; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_null(kept);
}

static void sockets_go_with_a_line_and_the_caller_speaks_on(void **state)
{
    const int fd = connect_to_control();
    int fds[SERVER_FD_PASSING_MAX];
    struct buffer line = {0};
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(fd, "later\n", 6), 6);
    turn_until_said("later;");
    assert_true(server_control_send_sockets(kept, BYTES("two"), ends, 2));
    assert_int_equal(server_fd_passing_receive(fd, &line, fds), 2);
    assert_text(buffer_bytes(&line), "two\n");
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(read(ends[0], line.data, 1), 1);
    assert_int_equal(write(fd, "later\n", 6), 6);
    turn_until_said("later;later;");
    close(fd);
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        close(fds[i]);
    }
    buffer_deinit(&line);
}

static void assert_refused(const char *why)
{
    struct buffer answer = {0};

    assert_false(server_ask(PORT, "status", 5, &answer));
    assert_non_null(strstr(buffer_text(&answer), why));
    assert_int_equal(commands.len, 0);
    buffer_deinit(&answer);
}

static void a_folder_that_others_may_change_is_not_believed(void **state)
{
    struct buffer error = {0};

    (void)state;
    assert_int_equal(chmod(folder, 0770), 0);
    assert_refused("may be changed by others (mode 770)");
    assert_false(server_place_make(&error));
    assert_non_null(strstr(buffer_text(&error), folder));
    buffer_deinit(&error);
}

static void what_is_no_socket_is_not_believed(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/%d.sock", folder, PORT + 1);
    assert_int_equal(mkdir(path, 0700), 0);
    {
        struct buffer answer = {0};

        assert_false(server_ask(PORT + 1, "status", 5, &answer));
        assert_holds(buffer_bytes(&answer), "is not a socket");
        buffer_deinit(&answer);
    }
    rmdir(path);
}

static void another_server_of_the_port_is_not_replaced(void **state)
{
    struct buffer error = {0};

    (void)state;
    assert_null(server_control_open(&loop, PORT, false, &events, &loop, &error));
    assert_holds(buffer_bytes(&error), "in use by another server");
    buffer_deinit(&error);
}

static void a_successor_replaces_the_socket_and_the_former_leaves_it(void **state)
{
    struct buffer error = {0};
    struct server_control *successor =
        server_control_open(&loop, PORT, true, &events, &loop, &error);

    (void)state;
    assert_non_null(successor);
    server_control_close(control);
    control = successor;
    uv_run(&loop, UV_RUN_NOWAIT);
    a_command_is_answered_with_one_line(state);
}

static void the_lone_socket_of_a_folder_says_which_port_is_meant(void **state)
{
    char path[128];

    (void)state;
    assert_int_equal(server_place_lone_port(), PORT);
    snprintf(path, sizeof path, "%s/%d.sock", folder, PORT + 1);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(server_place_lone_port(), 0);
    rmdir(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(a_command_is_answered_with_one_line),
        CONTROL_TEST(only_its_user_may_enter_the_folder),
        CONTROL_TEST(where_no_server_is_it_says_so),
        CONTROL_TEST(a_command_too_long_is_not_received),
        CONTROL_TEST(an_answer_may_come_later),
        CONTROL_TEST(who_goes_without_an_answer_is_told_of),
        CONTROL_TEST(sockets_go_with_a_line_and_the_caller_speaks_on),
        CONTROL_TEST(a_folder_that_others_may_change_is_not_believed),
        CONTROL_TEST(what_is_no_socket_is_not_believed),
        CONTROL_TEST(another_server_of_the_port_is_not_replaced),
        CONTROL_TEST(a_successor_replaces_the_socket_and_the_former_leaves_it),
        CONTROL_TEST(the_lone_socket_of_a_folder_says_which_port_is_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
