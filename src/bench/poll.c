#include "bench/poll.h"

#define READY_COUNT_MAX 512

#if BENCH_POLL_EPOLL

#include <sys/epoll.h>
#include <unistd.h>

bool bench_poll_open(struct bench_poll *set)
{
    set->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return set->epoll_fd >= 0;
}

void bench_poll_close(struct bench_poll *set)
{
    close(set->epoll_fd);
}

bool bench_poll_add(struct bench_poll *set, int fd, bool reads_all, void *source)
{
    struct epoll_event event = {.events = EPOLLIN | (reads_all ? EPOLLET : 0), .data.ptr = source};

    return epoll_ctl(set->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void bench_poll_remove(struct bench_poll *set, int fd)
{
    epoll_ctl(set->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

int bench_poll_wait(struct bench_poll *set, int wait_ms,
                    void (*on_readable)(void *source, void *user), void *user)
{
    struct epoll_event ready[READY_COUNT_MAX];
    const int count = epoll_wait(set->epoll_fd, ready, READY_COUNT_MAX, wait_ms);

    for (int i = 0; i < count; i++)
        on_readable(ready[i].data.ptr, user);
    return count;
}

#else

#include "base/mem.h"

#include <poll.h>
#include <string.h>

struct bench_poll_slot {
    int fd; /* negative: free */
    void *source;
};

bool bench_poll_open(struct bench_poll *set)
{
    *set = (struct bench_poll){.slots = NULL};
    return pthread_mutex_init(&set->lock, NULL) == 0;
}

void bench_poll_close(struct bench_poll *set)
{
    pthread_mutex_destroy(&set->lock);
    free(set->slots);
}

/* The slot of `fd`; -1: a free slot. */
static struct bench_poll_slot *find(struct bench_poll *set, int fd)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->slots[i].fd == fd)
            return &set->slots[i];
    return NULL;
}

bool bench_poll_add(struct bench_poll *set, int fd, bool reads_all, void *source)
{
    struct bench_poll_slot *slot;

    (void)reads_all;
    pthread_mutex_lock(&set->lock);
    slot = find(set, -1);
    if (slot == NULL) {
        set->slots = mem_room(set->slots, set->count, &set->cap, sizeof *set->slots);
        slot = &set->slots[set->count++];
    }
    *slot = (struct bench_poll_slot){.fd = fd, .source = source};
    pthread_mutex_unlock(&set->lock);
    return true;
}

void bench_poll_remove(struct bench_poll *set, int fd)
{
    struct bench_poll_slot *slot;

    pthread_mutex_lock(&set->lock);
    slot = find(set, fd);
    if (slot != NULL)
        *slot = (struct bench_poll_slot){.fd = -1};
    pthread_mutex_unlock(&set->lock);
}

/* The slots' sockets, in the form that poll() needs. */
static struct pollfd *watched(struct bench_poll *set, size_t *count)
{
    struct pollfd *all;

    pthread_mutex_lock(&set->lock);
    *count = set->count;
    all = mem_new(set->count * sizeof *all);
    for (size_t i = 0; i < set->count; i++)
        all[i] = (struct pollfd){.fd = set->slots[i].fd, .events = POLLIN};
    pthread_mutex_unlock(&set->lock);
    return all;
}

/* A callback may remove other sockets, whose callbacks then are not called any more. */
static void *source_at(struct bench_poll *set, size_t at, int fd)
{
    void *source;

    pthread_mutex_lock(&set->lock);
    source = set->slots[at].fd == fd ? set->slots[at].source : NULL;
    pthread_mutex_unlock(&set->lock);
    return source;
}

int bench_poll_wait(struct bench_poll *set, int wait_ms,
                    void (*on_readable)(void *source, void *user), void *user)
{
    size_t count;
    struct pollfd *all = watched(set, &count);
    int ready_count = 0;

    if (poll(all, (nfds_t)count, wait_ms) > 0) {
        for (size_t i = 0; i < count && ready_count < READY_COUNT_MAX; i++) {
            void *source = all[i].revents != 0 ? source_at(set, i, all[i].fd) : NULL;

            if (source != NULL) {
                on_readable(source, user);
                ready_count++;
            }
        }
    }
    free(all);
    return ready_count;
}

#endif
