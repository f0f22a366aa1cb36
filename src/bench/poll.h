/* Waits for many sockets at one time, for one of the generator's threads: by epoll if the system
 * has it, else by poll().
 *
 * Thread: any may add; only the thread that waits removes.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__linux__) && !defined(NET_POLLER_PORTABLE)
#define BENCH_POLL_EPOLL 1
#else
#define BENCH_POLL_EPOLL 0
#endif

struct bench_poll {
#if BENCH_POLL_EPOLL
    int epoll_fd;
#else
    pthread_mutex_t lock;
    struct bench_poll_slot *slots; /* slots of removed sockets are reused */
    size_t count;
    size_t cap;
#endif
};

/* False, with errno, if the system refuses. */
bool bench_poll_open(struct bench_poll *set);
void bench_poll_close(struct bench_poll *set);

/* `reads_all`: the callback reads until nothing is left, so that the kernel need not check the
 * socket again. */
bool bench_poll_add(struct bench_poll *set, int fd, bool reads_all, void *source);
void bench_poll_remove(struct bench_poll *set, int fd);

/* Calls `on_readable` for the readable sockets, some hundreds at most. Returns how many there were.
 */
int bench_poll_wait(struct bench_poll *set, int wait_ms,
                    void (*on_readable)(void *source, void *user), void *user);
