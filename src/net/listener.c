#include "net/listener.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* There are two limits. At our own count, the socket is not watched for a moment. At the system's,
 * which other processes use up too, accept() fails and the socket stays readable, so that the loop
 * would spin. So one descriptor is reserved: it is closed to accept the connection and close it. */

#define ACCEPTS_A_TURN_MAX 64
#define PAUSE_MS 50
#define LOG_INTERVAL_MS 10000

struct net_listener {
    struct net_poller_watch watch;
    uv_timer_t pause;
    struct net_loop *loop;
    const struct net_listener_events *events;
    void *user;
    uint64_t logged_at_ms;
    int fd;
    int spare_fd;
};

static void log_full(struct net_listener *listener)
{
    const uint64_t now_ms = net_loop_now_ms(listener->loop);

    if (listener->logged_at_ms != 0 && now_ms - listener->logged_at_ms < LOG_INTERVAL_MS)
        return;
    listener->logged_at_ms = now_ms;
    log_warn("new connections must wait: %zu are open, and the limit of open files (%zu) allows no "
             "more; raise it (ulimit -n, LimitNOFILE)",
             atomic_load(&listener->loop->descriptors->connections_count),
             listener->loop->descriptors->limit);
}

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void refuse_without_descriptor(struct net_listener *listener)
{
    int fd;

    log_full(listener);
    if (listener->spare_fd >= 0)
        close(listener->spare_fd);
    fd = net_socket_accept(listener->fd);
    if (fd >= 0)
        close(fd);
    listener->spare_fd = open_spare();
}

static void resume(uv_timer_t *pause)
{
    struct net_listener *listener = pause->data;

    CHECK(net_poller_change(&listener->loop->poller, &listener->watch, true, false) == 0);
}

static bool somebody_waits(const struct net_listener *listener)
{
    struct pollfd entry = {.fd = listener->fd, .events = POLLIN};

    return poll(&entry, 1, 0) > 0;
}

/* Counts the next connection; false if there is no room, or if none waits. */
static bool take_place(struct net_listener *listener)
{
    if (net_descriptors_take_connection(listener->loop->descriptors))
        return true;
    if (!somebody_waits(listener))
        return false;
    if (listener->events->on_full(listener->user) &&
        net_descriptors_take_connection(listener->loop->descriptors))
        return true;
    log_full(listener);
    net_poller_change(&listener->loop->poller, &listener->watch, false, false);
    uv_timer_start(&listener->pause, resume, PAUSE_MS, 0);
    return false;
}

/* False if there is nothing more to accept in this turn. */
static bool accept_one(struct net_listener *listener)
{
    int fd;

    if (!take_place(listener))
        return false;
    fd = net_socket_accept(listener->fd);
    if (fd >= 0) {
        listener->events->on_accept(fd, listener->user);
        return true;
    }
    net_descriptors_give_connection(listener->loop->descriptors);
    if (fd == UV_EMFILE || fd == UV_ENFILE)
        refuse_without_descriptor(listener);
    return fd == UV_ECONNABORTED || fd == UV_EINTR;
}

static void on_ready(struct net_poller_watch *watch, bool is_readable, bool is_writable)
{
    struct net_listener *listener = LIST_OWNER(watch, struct net_listener, watch);

    (void)is_writable;
    for (int i = 0; is_readable && i < ACCEPTS_A_TURN_MAX; i++)
        if (!accept_one(listener))
            return;
}

struct net_listener *net_listener_open(struct net_loop *loop, int fd,
                                       const struct net_listener_events *events, void *user)
{
    struct net_listener *listener = mem_new(sizeof *listener);

    listener->loop = loop;
    listener->events = events;
    listener->user = user;
    listener->fd = fd;
    listener->watch.on_ready = on_ready;
    if (net_poller_add(&loop->poller, &listener->watch, fd, true, false) < 0) {
        close(fd);
        free(listener);
        return NULL;
    }
    CHECK(uv_timer_init(&loop->uv, &listener->pause) == 0);
    listener->pause.data = listener;
    listener->spare_fd = open_spare();
    return listener;
}

static void on_pause_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void net_listener_close(struct net_listener *listener)
{
    net_poller_remove(&listener->loop->poller, &listener->watch);
    uv_close((uv_handle_t *)&listener->pause, on_pause_closed);
    close(listener->fd);
    if (listener->spare_fd >= 0)
        close(listener->spare_fd);
}
