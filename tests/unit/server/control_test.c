#include "server/control.h"

#include "base/check.h"
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

static void on_command(struct bytes command, struct buffer *answer, void *user)
{
    assert_ptr_equal(user, &loop);
    buffer_append_bytes(&commands, command);
    buffer_append_char(&commands, ';');
    buffer_append_text(answer, "it is ");
    buffer_append_bytes(answer, command);
}

static int open_control(void **state)
{
    struct buffer error = {0};

    (void)state;
    strcpy(folder, "/tmp/reverb-control-XXXXXX");
    assert_non_null(mkdtemp(folder));
    setenv("REVERB_CONTROL", folder, 1);
    assert_int_equal(uv_loop_init(&loop), 0);
    control = server_control_open(&loop, PORT, on_command, &loop, &error);
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

struct asker {
    pthread_t thread;
    uint16_t port;
    const char *command;
    struct buffer answer;
    bool is_answered;
    atomic_bool is_done;
};

static void *ask(void *user)
{
    struct asker *asker = user;

    asker->is_answered = server_control_ask(asker->port, asker->command, &asker->answer);
    atomic_store(&asker->is_done, true);
    return NULL;
}

/* Asks from another thread, as another process would. */
static void ask_and_turn(struct asker *asker)
{
    atomic_init(&asker->is_done, false);
    CHECK(pthread_create(&asker->thread, NULL, ask, asker) == 0);
    while (!atomic_load(&asker->is_done)) /* it waits for 5 s at most */
        uv_run(&loop, UV_RUN_NOWAIT);
    pthread_join(asker->thread, NULL);
}

static void a_command_is_answered_with_one_line(void **state)
{
    struct asker asker = {.port = PORT, .command = "status"};

    (void)state;
    ask_and_turn(&asker);
    assert_true(asker.is_answered);
    assert_text(buffer_bytes(&asker.answer), "it is status");
    assert_text(buffer_bytes(&commands), "status;");
    buffer_deinit(&asker.answer);
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
    struct asker asker = {.port = PORT + 1, .command = "status"};

    (void)state;
    ask_and_turn(&asker);
    assert_false(asker.is_answered);
    assert_true(asker.answer.len > 0);
    assert_int_equal(commands.len, 0);
    buffer_deinit(&asker.answer);
}

static void a_command_too_long_is_not_received(void **state)
{
    char command[200];
    struct asker asker = {.port = PORT, .command = command};

    (void)state;
    memset(command, 'x', sizeof command - 1);
    command[sizeof command - 1] = '\0';
    ask_and_turn(&asker);
    assert_false(asker.is_answered);
    assert_int_equal(commands.len, 0);
    buffer_deinit(&asker.answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(a_command_is_answered_with_one_line),
        CONTROL_TEST(only_its_user_may_enter_the_folder),
        CONTROL_TEST(where_no_server_is_it_says_so),
        CONTROL_TEST(a_command_too_long_is_not_received),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
