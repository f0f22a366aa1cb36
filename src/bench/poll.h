/* Waits for many sockets at one time, for one of the generator's threads: in an epoll where the
 * system has one, else by poll().
 *
 * Thread: any may add; who removes is the one that waits.
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
    struct bench_poll_slot *slots; /* of those that were removed stay, for others */
    size_t count;
    size_t cap;
#endif
};

/* False, with errno, where the system refuses. */
bool bench_poll_open(struct bench_poll *set);
void bench_poll_close(struct bench_poll *set);

/* `reads_all`: whoever is told reads until nothing is left, so that the kernel need not look again.
 */
bool bench_poll_add(struct bench_poll *set, int fd, bool reads_all, void *source);
void bench_poll_remove(struct bench_poll *set, int fd);

/* Tells of those that can be read, some hundreds at most; how many they were. */
int bench_poll_wait(struct bench_poll *set, int wait_ms,
                    void (*on_readable)(void *source, void *user), void *user);
