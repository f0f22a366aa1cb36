/* Waits for many sockets at once and runs libuv's loop beside them.
 *
 * On Linux the sockets are in an epoll of our own, which watches libuv's loop too: watching a
 * connection then costs 16 bytes and two system calls, not the 160 bytes and six of a uv_poll_t.
 * Elsewhere, and with NET_POLLER_PORTABLE defined, each socket has its uv_poll_t.
 *
 * Thread: owner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#if defined(__linux__) && !defined(NET_POLLER_PORTABLE)
#define NET_POLLER_EPOLL 1
#else
#define NET_POLLER_EPOLL 0
#endif

struct net_poller_watch;

typedef void (*net_poller_ready_fn)(struct net_poller_watch *watch, bool is_readable,
                                    bool is_writable);

/* Lies in its owner's memory, which must stay to the end of the turn in which it is removed. */
struct net_poller_watch {
    net_poller_ready_fn on_ready;
#if !NET_POLLER_EPOLL
    uv_poll_t *poll;
#endif
    int fd; /* -1: not watched */
    bool reads;
    bool writes;
};

struct net_poller {
    uv_loop_t *uv;
    void (*on_reported)(void *user); /* called when ready sockets have been reported */
    void (*on_turn)(void *user);     /* called each time all ready sockets have been handled */
    /* Returns for how long to wait, `wait_ms` at most, -1 for no limit. NULL: for `wait_ms`. Not
     * called in the portable build. */
    int (*limit_wait)(int wait_ms, void *user);
    void *user;
    uint64_t woken_ns; /* when this turn began, by uv_hrtime(); 0: not known */
    bool is_stopped;
    bool has_more; /* other ready sockets are not handled yet; true if that is not known */
#if NET_POLLER_EPOLL
    int epoll_fd;
    bool comes_back; /* the next turn does not wait */
#else
    uv_idle_t idle; /* active: the next turn does not wait */
    uv_prepare_t prepare;
    uv_check_t check;
#endif
};

/* Negative UV_E… if it fails. */
int net_poller_open(struct net_poller *poller, uv_loop_t *uv, void (*on_reported)(void *user),
                    void (*on_turn)(void *user), void *user);

/* After all watches are removed; the caller then runs libuv's loop once more. */
void net_poller_close(struct net_poller *poller);

/* Runs turns until net_poller_stop(), and may be run again. */
void net_poller_run(struct net_poller *poller);
void net_poller_stop(struct net_poller *poller);

/* The next turn does not wait. */
void net_poller_come_back(struct net_poller *poller);

/* Runs one turn; with `waits` it waits until something is ready. */
void net_poller_turn(struct net_poller *poller, bool waits);

/* For how long a turn would wait now: as in `limit_wait`. Not in the portable build. */
int net_poller_wait_ms(const struct net_poller *poller);

/* Watches `fd`: calls `on_ready` in each turn in which it is ready. Negative UV_E… if it fails. */
int net_poller_add(struct net_poller *poller, struct net_poller_watch *watch, int fd, bool reads,
                   bool writes);
int net_poller_change(struct net_poller *poller, struct net_poller_watch *watch, bool reads,
                      bool writes);

/* Ends the watch, before `fd` is closed: `on_ready` is not called any more. Does nothing if it is
 * not watched. */
void net_poller_remove(struct net_poller *poller, struct net_poller_watch *watch);
