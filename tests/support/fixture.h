/* A real loop with real sockets, which the test turns: what was sent before a turn has arrived when
 * the turn is over. Every wait has a condition and ends after FIXTURE_WAIT_MS. */
#pragma once

#include "base/check.h"
#include "net/conn.h"
#include "support/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FIXTURE_WAIT_MS 20000

/* Whether loops send and receive in batches (net/batch.h), of one call too. */
static bool fixture_has_batches;

struct fixture {
    struct net_loop loop;
    struct net_descriptors descriptors;
    void (*on_turn_end)(void *user); /* may be NULL */
    void *user;
};

static inline uint64_t fixture_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static inline void fixture_on_turn_end(void *user)
{
    const struct fixture *fixture = user;

    if (fixture->on_turn_end != NULL)
        fixture->on_turn_end(fixture->user);
}

static inline void fixture_open(struct fixture *fixture, size_t backlog_bytes_max)
{
    signal(SIGPIPE, SIG_IGN);
    fixture->on_turn_end = NULL;
    fixture->user = NULL;
    net_descriptors_init(&fixture->descriptors);
    CHECK(net_loop_open(&fixture->loop, &fixture->descriptors, backlog_bytes_max,
                        fixture_on_turn_end, fixture) == 0);
    if (!fixture_has_batches)
        return;
    CHECK(net_loop_use_batch(&fixture->loop));
    fixture->loop.batch->sends_min = 1;
}

/* Runs one turn of the loop without waiting. */
static inline void fixture_turn(struct fixture *fixture)
{
    net_loop_turn(&fixture->loop, false);
}

static inline void fixture_wait(struct fixture *fixture, uint64_t began_ms, const char *condition)
{
    if (fixture_clock_ms() - began_ms > FIXTURE_WAIT_MS) {
        fprintf(stderr, "waited in vain for %s\n", condition);
        abort();
    }
    net_loop_turn(&fixture->loop, true);
}

/* Turns the loop until `condition` holds. */
#define FIXTURE_UNTIL(fixture, condition)                 \
    do {                                                  \
        const uint64_t began_ms_ = fixture_clock_ms();    \
        while (!(condition))                              \
            fixture_wait(fixture, began_ms_, #condition); \
    } while (0)

/* Advances the clock of the connections' timers by so much time, tick by tick; from then on only
 * this function advances it. */
static inline void fixture_pass(struct fixture *fixture, uint64_t ms)
{
    const uint64_t last_tick = fixture->loop.wheel.tick + ms / NET_TIMER_TICK_MS + 1;

    while (fixture->loop.wheel.tick < last_tick) {
        net_timer_wheel_turn(&fixture->loop.wheel,
                             (fixture->loop.wheel.tick + 1) * NET_TIMER_TICK_MS, net_conn_on_timer);
        fixture_turn(fixture);
    }
}

/* Every connection must have closed, or be closing. */
static inline void fixture_close(struct fixture *fixture)
{
    FIXTURE_UNTIL(fixture, fixture->loop.connections_count == 0);
    CHECK(atomic_load(&fixture->descriptors.connections_count) == 0);
    net_loop_close(&fixture->loop);
}

/* For a group of tests that is run once more, with batches; 0, and nothing is run, if the system
 * has no io_uring. */
static inline int fixture_with_batches(const char *group, const struct CMUnitTest *tests,
                                       size_t count)
{
    const char *reason;
    int failed;

    if (!net_ring_probe(&reason)) {
        printf("not run with io_uring: %s\n", reason);
        return 0;
    }
    fixture_has_batches = true;
    failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
    fixture_has_batches = false;
    return failed;
}

#define FIXTURE_RUN_BOTH_WAYS(tests)                                                    \
    (fixture_with_batches("with io_uring", tests, sizeof(tests) / sizeof((tests)[0])) + \
     cmocka_run_group_tests(tests, NULL, NULL))

/* A connected pair, both non-blocking. The returned socket is counted in the descriptors, like an
 * accepted one. */
static inline int fixture_pair(struct fixture *fixture, int *peer)
{
    int fds[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    CHECK(net_descriptors_take_connection(&fixture->descriptors));
    *peer = fds[1];
    return fds[0];
}

/* Sends all of it; the peer's socket takes as much as tests send. */
static inline void fixture_send(int peer, struct bytes data)
{
    CHECK(send(peer, data.data, data.len, MSG_NOSIGNAL) == (ssize_t)data.len);
}

/* Appends what has come to the peer; false once the other side has ended. */
static inline bool fixture_receive(int peer, struct buffer *out)
{
    for (;;) {
        const ssize_t len = recv(peer, buffer_reserve(out, 65536), 65536, 0);

        if (len <= 0)
            return len < 0 && errno == EAGAIN;
        out->len += (size_t)len;
    }
}

/* Appends all that comes to the peer until the other side ends. */
static inline void fixture_receive_all(struct fixture *fixture, int peer, struct buffer *out)
{
    FIXTURE_UNTIL(fixture, !fixture_receive(peer, out));
}
