#include "net/listener.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* With a full table accept() fails, and the loop would be woken again at once, for ever. So one
 * descriptor is kept in hand: it is let go to accept the caller and send it away. */

#define ACCEPTS_A_TURN_MAX 64
#define REFUSAL_LOG_INTERVAL_MS 10000

struct net_listener {
    uv_poll_t poll;
    struct net_loop *loop;
    net_listener_accept_fn on_accept;
    void *user;
    uint64_t logged_at_ms;
    int fd;
    int spare_fd;
};

static void log_refusal(struct net_listener *listener)
{
    const uint64_t now_ms = net_loop_now_ms(listener->loop);

    if (listener->logged_at_ms != 0 && now_ms - listener->logged_at_ms < REFUSAL_LOG_INTERVAL_MS)
        return;
    listener->logged_at_ms = now_ms;
    log_warn("new connections are refused: %zu are open, and the limit of open files (%zu) allows "
             "no more; raise it (ulimit -n, LimitNOFILE)",
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

    log_refusal(listener);
    if (listener->spare_fd >= 0)
        close(listener->spare_fd);
    fd = net_socket_accept(listener->fd);
    if (fd >= 0)
        close(fd);
    listener->spare_fd = open_spare();
}

/* False when nobody waits any more. */
static bool accept_one(struct net_listener *listener)
{
    int fd = net_socket_accept(listener->fd);

    if (fd == UV_EMFILE || fd == UV_ENFILE) {
        refuse_without_descriptor(listener);
        return false;
    }
    if (fd < 0)
        return fd == UV_ECONNABORTED || fd == UV_EINTR;
    if (!net_descriptors_take_connection(listener->loop->descriptors)) {
        log_refusal(listener);
        close(fd);
        return true;
    }
    listener->on_accept(fd, listener->user);
    return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct net_listener *listener = poll->data;

    (void)events;
    if (status < 0)
        return;
    for (int i = 0; i < ACCEPTS_A_TURN_MAX; i++)
        if (!accept_one(listener))
            return;
}

struct net_listener *net_listener_open(struct net_loop *loop, int fd,
                                       net_listener_accept_fn on_accept, void *user)
{
    struct net_listener *listener = mem_new(sizeof *listener);

    listener->loop = loop;
    listener->on_accept = on_accept;
    listener->user = user;
    listener->fd = fd;
    if (uv_poll_init(&loop->uv, &listener->poll, fd) < 0) {
        close(fd);
        free(listener);
        return NULL;
    }
    listener->spare_fd = open_spare();
    listener->poll.data = listener;
    if (uv_poll_start(&listener->poll, UV_READABLE, on_readable) < 0) {
        net_listener_close(listener);
        return NULL;
    }
    return listener;
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void net_listener_close(struct net_listener *listener)
{
    uv_close((uv_handle_t *)&listener->poll, on_poll_closed);
    close(listener->fd);
    if (listener->spare_fd >= 0)
        close(listener->spare_fd);
}
