#include "config/process.h"

#include "unit/config/folder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

static int run(const char *shell, int timeout_ms, struct config_process_result *result)
{
    char *script = mem_copy_text(shell, strlen(shell));
    char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, script, NULL};
    int status = config_process_run("/bin/sh", arguments, environ, timeout_ms, result);

    free(script);
    return status;
}

static void both_streams_and_the_status_come_back(void **state)
{
    struct config_process_result result;

    (void)state;
    assert_int_equal(run("echo out; echo err >&2; exit 3", 10000, &result), 0);
    assert_string_equal(buffer_text(&result.out), "out\n");
    assert_string_equal(buffer_text(&result.err), "err\n");
    assert_int_equal(result.status, 3);
    assert_false(result.is_timed_out);
    config_process_result_deinit(&result);
}

static void signals_that_the_caller_blocks_end_a_program_as_ever(void **state)
{
    struct config_process_result result;
    sigset_t set;
    sigset_t before;

    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    assert_int_equal(run("kill -TERM $$; exit 0", 10000, &result), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(result.status, 128 + SIGTERM);
    config_process_result_deinit(&result);
}

static void a_program_that_stays_is_killed_with_its_children(void **state)
{
    struct config_process_result result;

    (void)state;
    assert_int_equal(run("sleep 100 & echo $!; sleep 100", 200, &result), 0);
    assert_true(result.is_timed_out);
    assert_int_equal(result.status, 128 + 9);
    config_process_result_deinit(&result);
}

static void a_program_that_closes_its_streams_and_stays_is_killed(void **state)
{
    struct config_process_result result;

    (void)state;
    assert_int_equal(run("exec >&- 2>&-; sleep 100", 200, &result), 0);
    assert_true(result.is_timed_out);
    config_process_result_deinit(&result);
}

static void output_without_end_is_cut_off(void **state)
{
    struct config_process_result result;

    (void)state;
    assert_int_equal(run("exec cat /dev/zero", 10000, &result), 0);
    assert_true(result.is_too_long);
    assert_int_equal(result.out.len, 4 * 1024 * 1024);
    config_process_result_deinit(&result);
    assert_int_equal(run("head -c 100000 /dev/zero >&2", 10000, &result), 0);
    assert_int_equal(result.err.len, 16 * 1024);
    assert_int_equal(result.status, 0);
    config_process_result_deinit(&result);
}

static void a_program_that_is_not_there_does_not_start(void **state)
{
    char *arguments[] = {(char[]){"x"}, NULL};
    struct config_process_result result;

    (void)state;
    assert_int_equal(config_process_run("/nowhere/x", arguments, environ, 1000, &result), ENOENT);
    config_process_result_deinit(&result);
}

static void the_path_is_searched_for_programs(void **state)
{
    char *found;

    (void)state;
    setenv("PATH", "/nowhere::bin:tools", 1);
    folder_write("tools/php", "");
    folder_write("bin/php", "");
    assert_null(config_process_find("php"));
    assert_int_equal(chmod("tools/php", 0700), 0);
    found = config_process_find("php");
    assert_string_equal(found, "tools/php");
    free(found);
    unsetenv("PATH");
    assert_null(config_process_find("php"));
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(both_streams_and_the_status_come_back),
        FOLDER_TEST(signals_that_the_caller_blocks_end_a_program_as_ever),
        FOLDER_TEST(a_program_that_stays_is_killed_with_its_children),
        FOLDER_TEST(a_program_that_closes_its_streams_and_stays_is_killed),
        FOLDER_TEST(output_without_end_is_cut_off),
        FOLDER_TEST(a_program_that_is_not_there_does_not_start),
        FOLDER_TEST(the_path_is_searched_for_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
