#include "net/ring.h"

#include "support/unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLS_COUNT 64

static struct net_ring *ring;
static int pairs[CALLS_COUNT][2];

static int open_all(void **state)
{
    (void)state;
    ring = net_ring_new();
    for (size_t i = 0; i < CALLS_COUNT; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pairs[i]) != 0)
            return -1;
    return ring != NULL ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    net_ring_free(ring);
    for (size_t i = 0; i < CALLS_COUNT; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    return 0;
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

static void send_text(int fd, const char *text)
{
    const struct iovec piece = {(char *)(uintptr_t)text, strlen(text)};

    net_ring_send(ring, fd, &piece, false);
}

static void each_call_has_its_result_in_the_order_prepared(void **state)
{
    char in[8] = "";
    char more[8] = "";
    const int *results;

    (void)state;
    send_text(pairs[0][0], "abc");
    net_ring_receive(ring, pairs[1][0], in, sizeof in); /* nothing is there */
    send_text(-1, "abc");
    net_ring_receive(ring, pairs[0][1], in, 2);
    close(pairs[2][1]);
    pairs[2][1] = -1;
    net_ring_receive(ring, pairs[2][0], more, sizeof more);
    assert_int_equal(net_ring_count(ring), 5);
    results = net_ring_submit(ring);
    assert_int_equal(results[0], 3);
    assert_int_equal(results[1], -EAGAIN);
    assert_int_equal(results[2], -EBADF);
    assert_int_equal(results[3], 2);
    assert_int_equal(results[4], 0);
    assert_memory_equal(in, "ab", 2);
    assert_int_equal(net_ring_count(ring), 0);
}

static void pieces_leave_one_behind_the_other(void **state)
{
    struct iovec pieces[] = {{(char[]){"one "}, 4}, {(char[]){"two "}, 4}, {(char[]){"three"}, 5}};
    char in[32] = "";

    (void)state;
    net_ring_send_pieces(ring, pairs[0][0], pieces, 3, false);
    assert_int_equal(net_ring_submit(ring)[0], 13);
    assert_int_equal(recv(pairs[0][1], in, sizeof in, 0), 13);
    assert_string_equal(in, "one two three");
}

static void what_a_socket_does_not_take_is_not_waited_for(void **state)
{
    const size_t len = (size_t)4 * 1024 * 1024;
    struct iovec piece = {mem_new(len), len};
    const int *results;

    (void)state;
    net_ring_send(ring, pairs[0][0], &piece, false);
    net_ring_send(ring, pairs[0][0], &piece, false);
    send_text(pairs[1][0], "abc");
    results = net_ring_submit(ring);
    assert_true(results[0] > 0 && (size_t)results[0] < len);
    assert_int_equal(results[1], -EAGAIN);
    assert_int_equal(results[2], 3);
    free(piece.iov_base);
}

static void it_is_used_again_and_again_to_its_last_call(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        char in[NET_RING_CALLS_MAX / 2][2];
        const int *results;

        for (int i = 0; i < NET_RING_CALLS_MAX / 2; i++) {
            send_text(pairs[i % CALLS_COUNT][0], "ab");
            net_ring_receive(ring, pairs[i % CALLS_COUNT][1], in[i], 2);
        }
        results = net_ring_submit(ring);
        for (int i = 0; i < NET_RING_CALLS_MAX; i++)
            assert_int_equal(results[i], 2);
    }
}

static void the_probe_finds_what_a_ring_needs(void **state)
{
    const char *reason = "none";

    (void)state;
    assert_true(net_ring_probe(&reason));
    assert_null(reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RING_TEST(each_call_has_its_result_in_the_order_prepared),
        RING_TEST(pieces_leave_one_behind_the_other),
        RING_TEST(what_a_socket_does_not_take_is_not_waited_for),
        RING_TEST(it_is_used_again_and_again_to_its_last_call),
        RING_TEST(the_probe_finds_what_a_ring_needs),
    };
    const char *reason;

    if (!net_ring_probe(&reason)) {
        printf("no io_uring: %s\n", reason);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
