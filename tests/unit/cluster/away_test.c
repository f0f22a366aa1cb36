#include "cluster/away.h"

#include "support/unit.h"
#include <unistd.h>

#define READONLY "READONLY You can't write against a read only replica."
#define UNBLOCKED "UNBLOCKED force unblock from blocking operation, instance state changed"

/* How many lines are logged while links hear that of Redis, one after the other. */
static size_t lines_for(const char *const *said, size_t count)
{
    static const struct config_scaling settings;
    struct cluster_away away;
    char text[4096];
    int fds[2];
    const int before = dup(STDERR_FILENO);
    size_t lines = 0;
    ssize_t len;

    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    cluster_away_init(&away, &settings);
    for (size_t i = 0; i < count; i++)
        cluster_away_begin(&away, i == 0, "", said[i], said[i], i, 0);
    dup2(before, STDERR_FILENO);
    close(before);
    len = read(fds[0], text, sizeof text);
    close(fds[0]);
    for (ssize_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    cluster_away_deinit(&away);
    return lines;
}

static void the_same_reason_is_logged_once_and_another_one_too(void **state)
{
    static const char *const said[] = {READONLY, READONLY, "OOM command not allowed", READONLY};

    (void)state;
    assert_int_equal(lines_for(said, 2), 1);
    assert_int_equal(lines_for(said, 3), 2);
    assert_int_equal(lines_for(said, 4), 3);
}

static void that_a_wait_was_ended_is_no_reason_of_its_own(void **state)
{
    static const char *const said[] = {READONLY, UNBLOCKED, READONLY};

    (void)state;
    assert_int_equal(lines_for(said, 3), 1);
    assert_int_equal(lines_for(said + 1, 1), 1);
    assert_int_equal(lines_for(said + 1, 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_reason_is_logged_once_and_another_one_too),
        cmocka_unit_test(that_a_wait_was_ended_is_no_reason_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
