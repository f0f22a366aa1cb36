#include "webhook/precedence.h"

#include "base/mem.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void the_earlier_sends_first(void **state)
{
    char folder[] = "/tmp/reverb-precedence-test-XXXXXX";
    char path[64];
    char next[64];
    struct webhook_precedence servers[3];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/lock", folder);
    snprintf(next, sizeof next, "%s/lock.next", folder);
    for (size_t i = 0; i < 3; i++) {
        webhook_precedence_init(&servers[i]);
        servers[i].path = mem_copy_text(path, strlen(path));
        assert_int_equal(webhook_precedence_has(&servers[i]), i == 0);
    }
    webhook_precedence_leave(&servers[0]);
    assert_false(webhook_precedence_has(&servers[2]));
    assert_true(webhook_precedence_has(&servers[1]));
    assert_false(webhook_precedence_has(&servers[2]));
    webhook_precedence_leave(&servers[1]);
    assert_true(webhook_precedence_has(&servers[2]));
    for (size_t i = 0; i < 3; i++)
        webhook_precedence_deinit(&servers[i]);
    unlink(path);
    unlink(next);
    rmdir(folder);
}

static void where_nothing_can_be_locked_nobody_waits(void **state)
{
    const char path[] = "/nowhere/lock";
    struct webhook_precedence server;
    struct webhook_precedence alone;

    (void)state;
    webhook_precedence_init(&server);
    server.path = mem_copy_text(path, strlen(path));
    assert_true(webhook_precedence_has(&server));
    webhook_precedence_deinit(&server);
    webhook_precedence_init(&alone);
    assert_true(webhook_precedence_has(&alone));
    webhook_precedence_deinit(&alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earlier_sends_first),
        cmocka_unit_test(where_nothing_can_be_locked_nobody_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
