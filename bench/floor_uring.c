/* The floor by io_uring: connections and input come by multishot accept and receive, into buffers
 * that are provided in a ring, and all that a turn sends is submitted by the one system call that
 * also waits for the next turn. */

#include "floor.h"

#ifdef WITH_LIBURING

#include "base/check.h"
#include "base/mem.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENTRIES 4096
#define COMPLETIONS 32768
#define BUFFERS_COUNT 512
#define BUFFER_LEN 16384
#define SENDS_COUNT COMPLETIONS

/* What a completion is about: the low bits of its pointer or number. */
enum kind { KIND_ACCEPT, KIND_RECEIVE, KIND_SEND, KIND_WRITABLE, KIND_NONE, KIND_MASK = 7 };

struct one_send {
    struct conn *conn;
    struct bytes data;
    bool is_of_run; /* else of the connection's own output */
};

static struct io_uring ring;
static struct io_uring_buf_ring *buffers;
static char *memory;
static struct one_send *sends;
static uint64_t sends_count;
static int listener;

static struct io_uring_sqe *prepare(void)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

    if (sqe == NULL) {
        CHECK(io_uring_submit(&ring) >= 0);
        sqe = io_uring_get_sqe(&ring);
    }
    return sqe;
}

static void tag(struct io_uring_sqe *sqe, const void *pointer, enum kind kind)
{
    io_uring_sqe_set_data64(sqe, (uintptr_t)pointer | kind);
}

static void arm_accept(void)
{
    struct io_uring_sqe *sqe = prepare();

    io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    tag(sqe, NULL, KIND_ACCEPT);
}

static void arm_receive(struct conn *conn)
{
    struct io_uring_sqe *sqe = prepare();

    io_uring_prep_recv_multishot(sqe, conn->fd, NULL, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    tag(sqe, conn, KIND_RECEIVE);
    conn->is_receiving = true;
}

static void send_some(struct conn *conn, struct bytes data, bool is_of_run)
{
    struct io_uring_sqe *sqe = prepare();
    const uint64_t number = sends_count++ % SENDS_COUNT;

    sends[number] = (struct one_send){conn, data, is_of_run};
    io_uring_prep_send(sqe, conn->fd, data.data, data.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    io_uring_sqe_set_data64(sqe, number << 3 | KIND_SEND);
}

void floor_uring_send(struct conn *conn, struct bytes data)
{
    send_some(conn, data, true);
}

void floor_uring_flush(struct conn *conn)
{
    send_some(conn, buffer_bytes(&conn->out), false);
}

/* What was prepared before is sent before. */
void floor_uring_close(struct conn *conn)
{
    struct io_uring_sqe *sqe;

    if (conn->is_receiving) {
        sqe = prepare();
        io_uring_prep_cancel64(sqe, (uintptr_t)conn | KIND_RECEIVE, 0);
        tag(sqe, NULL, KIND_NONE);
    }
    sqe = prepare();
    io_uring_prep_close(sqe, conn->fd);
    tag(sqe, NULL, KIND_NONE);
}

static void await_writable(struct conn *conn)
{
    struct io_uring_sqe *sqe = prepare();

    io_uring_prep_poll_add(sqe, conn->fd, POLLOUT);
    tag(sqe, conn, KIND_WRITABLE);
}

static void on_sent(const struct one_send *it, int result)
{
    const size_t sent = result > 0 ? (size_t)result : 0;
    struct conn *conn = it->conn;
    const bool was_waiting = conn->out.len > 0 && it->is_of_run;

    if (it->is_of_run && sent < it->data.len)
        buffer_append_bytes(&conn->out, bytes_from(it->data, sent));
    else if (!it->is_of_run && sent == it->data.len)
        buffer_deinit(&conn->out);
    else if (!it->is_of_run)
        buffer_consume(&conn->out, sent);
    if (conn->out.len > 0 && !was_waiting && !conn->is_closed)
        await_writable(conn);
}

static void on_received(struct conn *conn, const struct io_uring_cqe *cqe)
{
    const bool was_closed = conn->is_closed;

    if (!(cqe->flags & IORING_CQE_F_MORE))
        conn->is_receiving = false;
    if (cqe->flags & IORING_CQE_F_BUFFER) {
        const unsigned short id = (unsigned short)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        char *data = memory + (size_t)id * BUFFER_LEN;

        if (!conn->is_closed)
            floor_received(conn, data, (size_t)cqe->res);
        io_uring_buf_ring_add(buffers, data, BUFFER_LEN, id, io_uring_buf_ring_mask(BUFFERS_COUNT),
                              0);
        io_uring_buf_ring_advance(buffers, 1);
    }
    if (conn->is_receiving)
        return;
    if (was_closed)
        floor_free(conn);
    else if (conn->is_closed)
        return; /* closed by this input: freed when the turn has been submitted */
    else if (cqe->res == -ENOBUFS || cqe->res > 0)
        arm_receive(conn);
    else
        floor_close(conn);
}

static void on_accepted(const struct io_uring_cqe *cqe)
{
    if (cqe->res >= 0) {
        struct conn *conn = mem_new(sizeof *conn);

        conn->fd = cqe->res;
        arm_receive(conn);
    }
    if (!(cqe->flags & IORING_CQE_F_MORE))
        arm_accept();
}

static void on_completed(const struct io_uring_cqe *cqe)
{
    struct conn *conn = (struct conn *)(uintptr_t)(cqe->user_data & ~(uint64_t)KIND_MASK);

    switch ((enum kind)(cqe->user_data & KIND_MASK)) {
    case KIND_ACCEPT:
        on_accepted(cqe);
        break;
    case KIND_RECEIVE:
        on_received(conn, cqe);
        break;
    case KIND_SEND:
        on_sent(&sends[cqe->user_data >> 3], cqe->res);
        break;
    case KIND_WRITABLE:
        if (!conn->is_closed)
            floor_uring_flush(conn);
        break;
    default:
        break;
    }
}

/* Those of sends come first, as they complete while they are submitted: so the runs that they sent
 * can be cleared before input adds to them. */
static unsigned complete_sends(void)
{
    struct io_uring_cqe *cqe;
    unsigned head;
    unsigned count = 0;

    io_uring_for_each_cqe(&ring, head, cqe)
    {
        if ((cqe->user_data & KIND_MASK) == KIND_SEND)
            on_completed(cqe);
        count++;
    }
    return count;
}

void floor_uring_run(void)
{
    for (;;) {
        struct io_uring_cqe *cqe;
        unsigned head;
        unsigned count;
        unsigned left;
        int status;

        status = io_uring_submit_and_wait(&ring, 1);
        CHECK(status >= 0 || status == -EINTR);
        count = complete_sends();
        left = count;
        floor_submitted();
        io_uring_for_each_cqe(&ring, head, cqe)
        {
            if (left-- == 0)
                break;
            if ((cqe->user_data & KIND_MASK) != KIND_SEND)
                on_completed(cqe);
        }
        io_uring_cq_advance(&ring, count);
        floor_end_turn();
    }
}

static bool provide_buffers(void)
{
    const size_t ring_len = BUFFERS_COUNT * sizeof(struct io_uring_buf);
    struct io_uring_buf_reg registration = {.ring_entries = BUFFERS_COUNT};

    buffers = mmap(NULL, ring_len, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (buffers == MAP_FAILED)
        return false;
    registration.ring_addr = (uintptr_t)buffers;
    if (io_uring_register_buf_ring(&ring, &registration, 0) != 0)
        return false;
    memory = mem_new((size_t)BUFFERS_COUNT * BUFFER_LEN);
    io_uring_buf_ring_init(buffers);
    for (unsigned short i = 0; i < BUFFERS_COUNT; i++)
        io_uring_buf_ring_add(buffers, memory + (size_t)i * BUFFER_LEN, BUFFER_LEN, i,
                              io_uring_buf_ring_mask(BUFFERS_COUNT), i);
    io_uring_buf_ring_advance(buffers, BUFFERS_COUNT);
    return true;
}

bool floor_uring_open(int listening)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CQSIZE,
        .cq_entries = COMPLETIONS,
    };

    if (io_uring_queue_init_params(ENTRIES, &ring, &params) != 0 || !provide_buffers())
        return false;
    io_uring_register_ring_fd(&ring);
    sends = mem_new(SENDS_COUNT * sizeof *sends);
    listener = listening;
    arm_accept();
    return true;
}

#else

bool floor_uring_open(int listening)
{
    (void)listening;
    return false;
}

void floor_uring_run(void)
{
}

void floor_uring_send(struct conn *conn, struct bytes data)
{
    (void)conn, (void)data;
}

void floor_uring_flush(struct conn *conn)
{
    (void)conn;
}

void floor_uring_close(struct conn *conn)
{
    (void)conn;
}

#endif
