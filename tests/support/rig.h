/* A real loop with real sockets, turned by the test: what was sent before a turn has arrived when
 * the turn is over. Every wait is for a condition and ends after RIG_WAIT_MS. */
#pragma once

#include "base/check.h"
#include "net/conn.h"
#include "support/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RIG_WAIT_MS 20000

struct rig {
    struct net_loop loop;
    struct net_descriptors descriptors;
    void (*on_turn_end)(void *user); /* may be NULL */
    void *user;
};

static inline uint64_t rig_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static inline void rig_on_turn_end(void *user)
{
    const struct rig *rig = user;

    if (rig->on_turn_end != NULL)
        rig->on_turn_end(rig->user);
}

static inline void rig_open(struct rig *rig, size_t backlog_bytes_max)
{
    signal(SIGPIPE, SIG_IGN);
    rig->on_turn_end = NULL;
    rig->user = NULL;
    net_descriptors_init(&rig->descriptors);
    CHECK(net_loop_open(&rig->loop, &rig->descriptors, backlog_bytes_max, rig_on_turn_end, rig) ==
          0);
}

/* One turn of the loop, which does not wait. */
static inline void rig_turn(struct rig *rig)
{
    net_loop_turn(&rig->loop, false);
}

static inline void rig_wait(struct rig *rig, uint64_t began_ms, const char *condition)
{
    if (rig_clock_ms() - began_ms > RIG_WAIT_MS) {
        fprintf(stderr, "waited in vain for %s\n", condition);
        abort();
    }
    net_loop_turn(&rig->loop, true);
}

/* Turns the loop until `condition` holds. */
#define RIG_UNTIL(rig, condition)                  \
    do {                                           \
        const uint64_t began_ms_ = rig_clock_ms(); \
        while (!(condition))                       \
            rig_wait(rig, began_ms_, #condition);  \
    } while (0)

/* Lets the connections' timers believe that so much time has passed, tick by tick; from then on the
 * wheel goes by this clock alone. */
static inline void rig_pass(struct rig *rig, uint64_t ms)
{
    const uint64_t last_tick = rig->loop.wheel.tick + ms / NET_TIMER_TICK_MS + 1;

    while (rig->loop.wheel.tick < last_tick) {
        net_timer_wheel_turn(&rig->loop.wheel, (rig->loop.wheel.tick + 1) * NET_TIMER_TICK_MS,
                             net_conn_on_timer);
        rig_turn(rig);
    }
}

/* Every connection must have closed, or be about to. */
static inline void rig_close(struct rig *rig)
{
    RIG_UNTIL(rig, rig->loop.connections_count == 0);
    CHECK(atomic_load(&rig->descriptors.connections_count) == 0);
    net_loop_close(&rig->loop);
}

/* A connected pair, both non-blocking; ours is counted in the descriptors, as an accepted one is.
 */
static inline int rig_pair(struct rig *rig, int *peer)
{
    int fds[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    CHECK(net_descriptors_take_connection(&rig->descriptors));
    *peer = fds[1];
    return fds[0];
}

/* Sends all of it; the peer's socket takes as much as tests send. */
static inline void rig_send(int peer, struct bytes data)
{
    CHECK(send(peer, data.data, data.len, MSG_NOSIGNAL) == (ssize_t)data.len);
}

/* Appends what has come to the peer; false at the end. */
static inline bool rig_receive(int peer, struct buffer *out)
{
    for (;;) {
        const ssize_t len = recv(peer, buffer_reserve(out, 65536), 65536, 0);

        if (len <= 0)
            return len < 0 && errno == EAGAIN;
        out->len += (size_t)len;
    }
}

/* Appends all that comes to the peer until the other side ends. */
static inline void rig_receive_all(struct rig *rig, int peer, struct buffer *out)
{
    RIG_UNTIL(rig, !rig_receive(peer, out));
}
