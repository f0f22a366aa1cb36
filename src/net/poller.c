#include "net/poller.h"

#include "base/check.h"
#include "base/mem.h"

#include <errno.h>
#include <unistd.h>

#if NET_POLLER_EPOLL

#include <sys/epoll.h>

/* The kernel reports so many ready sockets at one time, and those it has not reported before come
 * first. */
#define READY_COUNT_MAX 256
/* If it reports as many as that, the turn goes on to the next ones for so long. Else a socket that
 * is ready behind thousands would wait for one turn of the loop for each 256 of them, with all that
 * such a turn sends. */
#define READY_NS_MAX UINT64_C(16000000)

static uint32_t events_of(const struct net_poller_watch *watch)
{
    return (watch->reads ? (uint32_t)EPOLLIN : 0) | (watch->writes ? (uint32_t)EPOLLOUT : 0);
}

static int control(const struct net_poller *poller, int operation, struct net_poller_watch *watch)
{
    struct epoll_event event = {.events = events_of(watch), .data.ptr = watch};

    return epoll_ctl(poller->epoll_fd, operation, watch->fd, &event) == 0 ? 0 : -errno;
}

int net_poller_open(struct net_poller *poller, uv_loop_t *uv, void (*on_reported)(void *user),
                    void (*on_turn)(void *user), void *user)
{
    /* A NULL watch stands for libuv's loop. */
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    poller->uv = uv;
    poller->on_reported = on_reported;
    poller->on_turn = on_turn;
    poller->limit_wait = NULL;
    poller->user = user;
    poller->woken_ns = 0;
    poller->is_stopped = false;
    poller->has_more = false;
    poller->comes_back = false;
    poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll_fd < 0)
        return -errno;
    if (epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, uv_backend_fd(uv), &event) == 0)
        return 0;
    close(poller->epoll_fd);
    return -errno;
}

void net_poller_close(struct net_poller *poller)
{
    close(poller->epoll_fd);
    poller->epoll_fd = -1;
}

static void tell(const struct epoll_event *event)
{
    struct net_poller_watch *watch = event->data.ptr;
    /* A broken socket is ready for both: the next read or write reports the error. */
    const bool is_broken = (event->events & (EPOLLERR | EPOLLHUP)) != 0;

    if (watch->fd < 0)
        return; /* removed while an earlier event was handled */
    watch->on_ready(watch, (event->events & EPOLLIN) || is_broken,
                    (event->events & EPOLLOUT) || is_broken);
}

static int look(const struct net_poller *poller, struct epoll_event *ready, int wait_ms)
{
    const int count = epoll_wait(poller->epoll_fd, ready, READY_COUNT_MAX, wait_ms);

    CHECK(count >= 0 || errno == EINTR);
    return count;
}

/* `*is_uv_ready` becomes true if libuv's loop is among them. */
static void tell_all(struct net_poller *poller, const struct epoll_event *ready, int count,
                     bool *is_uv_ready)
{
    for (int i = 0; i < count; i++) {
        poller->has_more = i + 1 < count || count == READY_COUNT_MAX;
        if (ready[i].data.ptr == NULL)
            *is_uv_ready = true;
        else
            tell(&ready[i]);
    }
    poller->on_reported(poller->user); /* before they could be reported once more */
}

int net_poller_wait_ms(const struct net_poller *poller)
{
    const int wait_ms = poller->comes_back ? 0 : uv_backend_timeout(poller->uv);

    return wait_ms != 0 && poller->limit_wait != NULL ? poller->limit_wait(wait_ms, poller->user)
                                                      : wait_ms;
}

void net_poller_turn(struct net_poller *poller, bool waits)
{
    struct epoll_event ready[READY_COUNT_MAX];
    int count = look(poller, ready, waits ? net_poller_wait_ms(poller) : 0);
    bool is_uv_ready = false;

    poller->comes_back = false;
    poller->woken_ns = uv_hrtime();
    uv_update_time(poller->uv);
    tell_all(poller, ready, count, &is_uv_ready);
    while (count == READY_COUNT_MAX && uv_hrtime() - poller->woken_ns < READY_NS_MAX) {
        count = look(poller, ready, 0);
        tell_all(poller, ready, count, &is_uv_ready);
    }
    /* Timers may be due as well, or handles wait to be closed. */
    if (is_uv_ready || uv_backend_timeout(poller->uv) == 0)
        uv_run(poller->uv, UV_RUN_NOWAIT);
    poller->on_turn(poller->user);
}

void net_poller_run(struct net_poller *poller)
{
    /* Registers with the kernel what was started before. */
    uv_run(poller->uv, UV_RUN_NOWAIT);
    while (!poller->is_stopped)
        net_poller_turn(poller, true);
    poller->is_stopped = false;
}

void net_poller_stop(struct net_poller *poller)
{
    poller->is_stopped = true;
}

void net_poller_come_back(struct net_poller *poller)
{
    poller->comes_back = true;
}

int net_poller_add(struct net_poller *poller, struct net_poller_watch *watch, int fd, bool reads,
                   bool writes)
{
    int status;

    watch->fd = fd;
    watch->reads = reads;
    watch->writes = writes;
    status = control(poller, EPOLL_CTL_ADD, watch);
    if (status < 0)
        watch->fd = -1;
    return status;
}

int net_poller_change(struct net_poller *poller, struct net_poller_watch *watch, bool reads,
                      bool writes)
{
    if (watch->reads == reads && watch->writes == writes)
        return 0;
    watch->reads = reads;
    watch->writes = writes;
    return control(poller, EPOLL_CTL_MOD, watch);
}

void net_poller_remove(struct net_poller *poller, struct net_poller_watch *watch)
{
    if (watch->fd < 0)
        return;
    /* Closing alone removes a descriptor from the epoll only if it has no copy; a child process may
     * have one. */
    control(poller, EPOLL_CTL_DEL, watch);
    watch->fd = -1;
}

#else

static void on_prepare(uv_prepare_t *prepare)
{
    struct net_poller *poller = prepare->data;

    poller->on_turn(poller->user);
}

/* An active idle handle keeps the following poll from waiting. */
static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void on_check(uv_check_t *check)
{
    struct net_poller *poller = check->data;

    uv_idle_stop(&poller->idle);
    poller->on_turn(poller->user);
}

int net_poller_open(struct net_poller *poller, uv_loop_t *uv, void (*on_reported)(void *user),
                    void (*on_turn)(void *user), void *user)
{
    poller->uv = uv;
    poller->on_reported = on_reported;
    poller->on_turn = on_turn;
    poller->user = user;
    poller->woken_ns = 0;
    poller->is_stopped = false;
    poller->has_more = true;
    CHECK(uv_prepare_init(uv, &poller->prepare) == 0);
    CHECK(uv_check_init(uv, &poller->check) == 0);
    CHECK(uv_idle_init(uv, &poller->idle) == 0);
    poller->prepare.data = poller;
    poller->check.data = poller;
    CHECK(uv_prepare_start(&poller->prepare, on_prepare) == 0);
    CHECK(uv_check_start(&poller->check, on_check) == 0);
    return 0;
}

void net_poller_close(struct net_poller *poller)
{
    uv_close((uv_handle_t *)&poller->prepare, NULL);
    uv_close((uv_handle_t *)&poller->check, NULL);
    uv_close((uv_handle_t *)&poller->idle, NULL);
}

void net_poller_come_back(struct net_poller *poller)
{
    CHECK(uv_idle_start(&poller->idle, on_idle) == 0);
}

void net_poller_turn(struct net_poller *poller, bool waits)
{
    uv_run(poller->uv, waits ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    poller->on_turn(poller->user);
}

void net_poller_run(struct net_poller *poller)
{
    while (!poller->is_stopped)
        net_poller_turn(poller, true);
    poller->is_stopped = false;
}

void net_poller_stop(struct net_poller *poller)
{
    poller->is_stopped = true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct net_poller_watch *watch = poll->data;

    if (watch != NULL)
        watch->on_ready(watch, status < 0 || (events & UV_READABLE),
                        status < 0 || (events & UV_WRITABLE));
}

static int start(struct net_poller_watch *watch)
{
    const int events = (watch->reads ? UV_READABLE : 0) | (watch->writes ? UV_WRITABLE : 0);

    return events ? uv_poll_start(watch->poll, events, on_poll) : uv_poll_stop(watch->poll);
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle);
}

int net_poller_add(struct net_poller *poller, struct net_poller_watch *watch, int fd, bool reads,
                   bool writes)
{
    uv_poll_t *poll = mem_new(sizeof *poll);
    int status = uv_poll_init(poller->uv, poll, fd);

    watch->fd = -1;
    if (status < 0) {
        free(poll);
        return status;
    }
    poll->data = watch;
    watch->poll = poll;
    watch->fd = fd;
    watch->reads = reads;
    watch->writes = writes;
    status = start(watch);
    if (status < 0)
        net_poller_remove(poller, watch);
    return status;
}

int net_poller_change(struct net_poller *poller, struct net_poller_watch *watch, bool reads,
                      bool writes)
{
    (void)poller;
    watch->reads = reads;
    watch->writes = writes;
    return start(watch);
}

void net_poller_remove(struct net_poller *poller, struct net_poller_watch *watch)
{
    (void)poller;
    if (watch->fd < 0)
        return;
    watch->fd = -1;
    watch->poll->data = NULL;
    uv_close((uv_handle_t *)watch->poll, on_poll_closed);
    watch->poll = NULL;
}

#endif
