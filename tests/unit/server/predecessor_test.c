#include "server/predecessor.h"

#include "base/check.h"
#include "server/succession.h"
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define PORT 18081

/* The running server is the test's loop; the new one, which waits for its answers, a thread. */
static char folder[64];
static uv_loop_t loop;
static struct server_control *control;
static struct server_succession succession;
static int sockets[2]; /* that the running server has: a pipe's ends */
static struct buffer told;

static struct {
    pthread_t thread;
    const char *failure; /* NULL: it serves */
    size_t sockets_count;
    atomic_bool is_over;
} successor;

static void on_command(struct server_control_caller *caller, struct bytes line, void *user)
{
    (void)user;
    if (!server_succession_hear(&succession, caller, line, sockets, 2))
        server_control_answer(caller, BYTES("{}"));
}

static void on_gone(struct server_control_caller *caller, void *user)
{
    (void)user;
    server_succession_forget(&succession, caller);
}

static void on_done(void *user)
{
    (void)user;
    buffer_append_text(&told, "done;");
}

static void on_failed(const char *reason, void *user)
{
    (void)user;
    buffer_printf(&told, "failed: %s;", reason);
}

static const struct server_control_events control_events = {on_command, on_gone};
static const struct server_succession_events succession_events = {on_done, on_failed, NULL};

static int open_all(void **state)
{
    struct buffer error = {0};

    (void)state;
    strcpy(folder, "/tmp/reverb-control-XXXXXX");
    assert_non_null(mkdtemp(folder));
    setenv("REVERB_CONTROL", folder, 1);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(pipe(sockets), 0);
    server_succession_init(&succession, &loop, &succession_events, NULL);
    control = server_control_open(&loop, PORT, false, &control_events, NULL, &error);
    assert_non_null(control);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    server_control_close(control);
    uv_close((uv_handle_t *)&succession.deadline, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    buffer_deinit(&told);
    close(sockets[0]);
    close(sockets[1]);
    assert_int_equal(rmdir(folder), 0);
    return uv_loop_close(&loop);
}

#define PREDECESSOR_TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

static void *succeed(void *user)
{
    struct server_predecessor predecessor;
    int fds[128];

    (void)user;
    server_predecessor_open(&predecessor);
    successor.sockets_count = server_predecessor_take_sockets(&predecessor, PORT, fds);
    for (size_t i = 0; i < successor.sockets_count; i++)
        close(fds[i]);
    if (successor.failure != NULL)
        server_predecessor_say_failed(&predecessor, bytes_of(successor.failure));
    else
        server_predecessor_say_ready(&predecessor);
    CHECK(predecessor.fd == -1);
    atomic_store(&successor.is_over, true);
    return NULL;
}

/* Until the new process is through, and the old one has heard all that it said. */
static void let_it_come(const char *failure, const char *should)
{
    successor.failure = failure;
    atomic_init(&successor.is_over, false);
    CHECK(pthread_create(&successor.thread, NULL, succeed, NULL) == 0);
    while (!atomic_load(&successor.is_over)) /* it waits for 5 s at most */
        uv_run(&loop, UV_RUN_NOWAIT);
    pthread_join(successor.thread, NULL);
    for (int i = 0; i < 1000 && !bytes_equal(buffer_bytes(&told), bytes_of(should)); i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    assert_string_equal(buffer_text(&told), should);
}

static void one_that_is_waited_for_gets_the_sockets_and_ends_the_former(void **state)
{
    (void)state;
    assert_true(server_succession_is_possible(&succession));
    server_succession_await(&succession, NULL);
    assert_false(server_succession_is_possible(&succession));
    let_it_come(NULL, "done;");
    assert_int_equal(successor.sockets_count, 2);
    assert_true(succession.is_done);
}

static void it_may_have_been_told_where_the_former_is(void **state)
{
    (void)state;
    setenv(SERVER_SUCCESSION_PATH, server_control_path(control), 1);
    setenv(SERVER_SUCCESSION_MINDER, "1", 1);
    server_succession_await(&succession, NULL);
    let_it_come(NULL, "done;");
    assert_int_equal(successor.sockets_count, 2);
    assert_null(getenv(SERVER_SUCCESSION_PATH)); /* what it starts is no successor */
    assert_null(getenv(SERVER_SUCCESSION_MINDER));
}

static void one_that_cannot_start_says_why_and_the_former_serves_on(void **state)
{
    (void)state;
    server_succession_await(&succession, NULL);
    let_it_come("a mistake\nanother", "failed: a mistake; another;");
    assert_true(server_succession_is_possible(&succession));
}

static void one_that_nobody_waits_for_gets_nothing(void **state)
{
    (void)state;
    let_it_come(NULL, "");
    assert_int_equal(successor.sockets_count, 0);
    assert_true(server_succession_is_possible(&succession));
}

static void what_cannot_be_started_is_named(void **state)
{
    char *words[] = {(char[]){"/no/such/program"}, NULL};

    (void)state;
    server_succession_start(&succession, words, "/control", 1, NULL);
    assert_string_equal(buffer_text(&told),
                        "failed: /no/such/program cannot be started: no such file or directory;");
}

static void turn_until_told(void)
{
    while (told.len == 0) /* a process that ends always wakes the loop */
        uv_run(&loop, UV_RUN_ONCE);
}

static void one_that_ends_before_it_serves_leaves_the_former(void **state)
{
    char *words[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, (char[]){"exit 3"}, NULL};
    char *killed[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, (char[]){"kill -9 $$"}, NULL};

    (void)state;
    server_succession_start(&succession, words, "/control", 1, NULL);
    turn_until_told();
    assert_string_equal(buffer_text(&told), "failed: the new process ended with status 3 before it "
                                            "served; its log says why;");
    buffer_clear(&told);
    server_succession_start(&succession, killed, "/control", 1, NULL);
    turn_until_told();
    assert_string_equal(buffer_text(&told),
                        "failed: the new process was ended by signal 9 before it served;");
}

static void a_process_whose_parent_is_there_is_no_orphan(void **state)
{
    struct server_predecessor predecessor;

    (void)state;
    server_predecessor_open(&predecessor);
    assert_false(server_predecessor_is_orphan(&predecessor));
    predecessor.parent = -1;
    assert_true(server_predecessor_is_orphan(&predecessor));
    predecessor.minder = getppid();
    assert_false(server_predecessor_is_orphan(&predecessor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PREDECESSOR_TEST(one_that_is_waited_for_gets_the_sockets_and_ends_the_former),
        PREDECESSOR_TEST(it_may_have_been_told_where_the_former_is),
        PREDECESSOR_TEST(one_that_cannot_start_says_why_and_the_former_serves_on),
        PREDECESSOR_TEST(one_that_nobody_waits_for_gets_nothing),
        PREDECESSOR_TEST(what_cannot_be_started_is_named),
        PREDECESSOR_TEST(one_that_ends_before_it_serves_leaves_the_former),
        PREDECESSOR_TEST(a_process_whose_parent_is_there_is_no_orphan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
