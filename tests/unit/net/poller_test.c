#include "net/poller.h"

#include "support/unit.h"

#include <unistd.h>

/* More than the kernel reports at one time. */
#define COUNT 600

struct many {
    struct net_poller poller;
    struct net_poller_watch watches[COUNT];
    size_t told_count;
    size_t turns_count;
};

static struct many many;

static void on_ready(struct net_poller_watch *watch, bool is_readable, bool is_writable)
{
    const int fd = watch->fd;

    (void)is_writable;
    assert_true(is_readable);
    many.told_count++;
    net_poller_remove(&many.poller, watch);
    close(fd);
}

static void on_turn(void *user)
{
    (void)user;
    many.turns_count++;
}

static void on_reported(void *user)
{
    (void)user;
}

static void one_turn_is_for_all_that_are_ready(void **state)
{
    uv_loop_t uv;
    int ends[2];

    (void)state;
    assert_int_equal(uv_loop_init(&uv), 0);
    assert_int_equal(net_poller_open(&many.poller, &uv, on_reported, on_turn, NULL), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    for (size_t i = 0; i < COUNT; i++) {
        many.watches[i].on_ready = on_ready;
        assert_int_equal(net_poller_add(&many.poller, &many.watches[i], dup(ends[0]), true, false),
                         0);
    }
    net_poller_turn(&many.poller, false);
    assert_int_equal(many.told_count, COUNT);
    assert_int_equal(many.turns_count, 1);
    close(ends[0]);
    close(ends[1]);
    net_poller_close(&many.poller);
    uv_run(&uv, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&uv), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_turn_is_for_all_that_are_ready)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
