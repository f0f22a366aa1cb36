#include "net/ring.h"

#include "base/check.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#if defined(__linux__) && defined(WITH_LIBURING)

#include <liburing.h>

/* A call that would wait fails with EAGAIN instead (MSG_DONTWAIT), so that it is complete when it
 * has been submitted. */
#define FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL)

struct net_ring {
    struct io_uring uring;
    unsigned count; /* prepared */
    bool is_broken;
    int results[NET_RING_CALLS_MAX];
    struct msghdr heads[NET_RING_CALLS_MAX];
};

static int open_ring(struct net_ring *ring)
{
    /* One thread submits, completions are handed over when it asks for them, and a call that fails
     * does not keep those behind it from being made. Linux 6.1 has all of these. */
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL,
    };
    const int status = io_uring_queue_init_params(NET_RING_CALLS_MAX, &ring->uring, &params);

    if (status < 0)
        return status;
    /* Saves a lookup for each submission; it works without. */
    io_uring_register_ring_fd(&ring->uring);
    return 0;
}

struct net_ring *net_ring_new(void)
{
    struct net_ring *ring = mem_new(sizeof *ring);

    if (open_ring(ring) == 0)
        return ring;
    free(ring);
    return NULL;
}

void net_ring_free(struct net_ring *ring)
{
    if (ring == NULL)
        return;
    io_uring_queue_exit(&ring->uring);
    free(ring);
}

/* --- calls ---------------------------------------------------------------------------------- */

static struct io_uring_sqe *prepare(struct net_ring *ring)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

    CHECK(sqe != NULL && ring->count < NET_RING_CALLS_MAX && !ring->is_broken);
    return sqe;
}

/* The number of the call is what its completion brings back. */
static void number(struct net_ring *ring, struct io_uring_sqe *sqe)
{
    ring->results[ring->count] = -EAGAIN;
    io_uring_sqe_set_data64(sqe, ring->count++);
}

void net_ring_send(struct net_ring *ring, int fd, const struct iovec *piece, bool has_more)
{
    struct io_uring_sqe *sqe = prepare(ring);

    io_uring_prep_send(sqe, fd, piece->iov_base, piece->iov_len, FLAGS | (has_more ? MSG_MORE : 0));
    number(ring, sqe);
}

void net_ring_send_pieces(struct net_ring *ring, int fd, struct iovec *pieces, int count,
                          bool has_more)
{
    struct io_uring_sqe *sqe = prepare(ring);
    struct msghdr *head = &ring->heads[ring->count];

    *head = (struct msghdr){.msg_iov = pieces, .msg_iovlen = (size_t)count};
    io_uring_prep_sendmsg(sqe, fd, head, (unsigned)(FLAGS | (has_more ? MSG_MORE : 0)));
    number(ring, sqe);
}

void net_ring_receive(struct net_ring *ring, int fd, char *out, size_t len)
{
    struct io_uring_sqe *sqe = prepare(ring);

    io_uring_prep_recv(sqe, fd, out, len, MSG_DONTWAIT);
    number(ring, sqe);
}

size_t net_ring_count(const struct net_ring *ring)
{
    return ring->count;
}

/* Stores the results that have come; returns their number. */
static unsigned take_results(struct net_ring *ring)
{
    const struct io_uring_cqe *cqe;
    unsigned head;
    unsigned count = 0;

    io_uring_for_each_cqe(&ring->uring, head, cqe)
    {
        ring->results[cqe->user_data] = cqe->res;
        count++;
    }
    io_uring_cq_advance(&ring->uring, count);
    return count;
}

const int *net_ring_submit(struct net_ring *ring)
{
    unsigned left = ring->count;

    while (left > 0 && !ring->is_broken) {
        const int status = io_uring_submit_and_wait(&ring->uring, left);

        left -= take_results(ring);
        ring->is_broken = status < 0 && status != -EINTR;
    }
    ring->count = 0;
    return ring->results;
}

bool net_ring_is_broken(const struct net_ring *ring)
{
    return ring->is_broken;
}

/* --- probe ---------------------------------------------------------------------------------- */

static bool sends_and_receives(struct net_ring *ring, const int *pair)
{
    char in[8] = {0}; /* valgrind does not see what io_uring writes */
    struct iovec pieces[] = {{"abc", 3}, {"def", 3}};
    const int *results;

    net_ring_send(ring, pair[0], &pieces[0], true);
    net_ring_send_pieces(ring, pair[0], pieces, 2, false);
    net_ring_receive(ring, pair[0], in, sizeof in); /* nothing is there: it must not wait */
    results = net_ring_submit(ring);
    if (ring->is_broken || results[0] != 3 || results[1] != 6 || results[2] != -EAGAIN)
        return false;
    net_ring_receive(ring, pair[1], in, 4);
    results = net_ring_submit(ring);
    return !ring->is_broken && results[0] == 4 && memcmp(in, "abca", 4) == 0;
}

static const char *reason_of(int status)
{
    switch (status) {
    case -ENOSYS:
        return "the kernel has none";
    case -EINVAL:
        return "the kernel is older than 6.1";
    case -EPERM:
    case -EACCES:
        return "the system forbids it (seccomp, or kernel.io_uring_disabled)";
    case -ENOMEM:
        return "the limit of locked memory is too low (ulimit -l, LimitMEMLOCK)";
    default:
        return uv_strerror(status);
    }
}

bool net_ring_probe(const char **reason)
{
    struct net_ring *ring = mem_new(sizeof *ring);
    int pair[2] = {-1, -1};
    const int status = open_ring(ring);

    *reason = status < 0 ? reason_of(status) : NULL;
    if (status < 0) {
        free(ring);
        return false;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        *reason = "no file descriptor is left";
    else if (!sends_and_receives(ring, pair))
        *reason = "the kernel's does not do what is needed";
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
    net_ring_free(ring);
    return *reason == NULL;
}

#else

bool net_ring_probe(const char **reason)
{
    *reason = "this program was built without liburing";
    return false;
}

struct net_ring *net_ring_new(void)
{
    return NULL;
}

void net_ring_free(struct net_ring *ring)
{
    (void)ring;
}

void net_ring_send(struct net_ring *ring, int fd, const struct iovec *piece, bool has_more)
{
    (void)ring, (void)fd, (void)piece, (void)has_more;
    CHECK(false);
}

void net_ring_send_pieces(struct net_ring *ring, int fd, struct iovec *pieces, int count,
                          bool has_more)
{
    (void)ring, (void)fd, (void)pieces, (void)count, (void)has_more;
    CHECK(false);
}

void net_ring_receive(struct net_ring *ring, int fd, char *out, size_t len)
{
    (void)ring, (void)fd, (void)out, (void)len;
    CHECK(false);
}

size_t net_ring_count(const struct net_ring *ring)
{
    (void)ring;
    return 0;
}

const int *net_ring_submit(struct net_ring *ring)
{
    (void)ring;
    CHECK(false);
    return NULL;
}

bool net_ring_is_broken(const struct net_ring *ring)
{
    (void)ring;
    return true;
}

#endif
