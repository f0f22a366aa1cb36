#include "net/loop.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/conn.h"

#define STANDSTILL_MS (4 * NET_TIMER_TICK_MS)

static void observe_turn(const struct net_loop *loop)
{
    if (loop->metrics != NULL && loop->poller.woken_ns != 0)
        metrics_observe(&loop->metrics->turn_ns, uv_hrtime() - loop->poller.woken_ns,
                        METRICS_DURATION_UNIT_NS);
}

static void on_turn(void *user)
{
    struct net_loop *loop = user;

    loop->on_turn_end(loop->user);
    do {
        net_conn_flush_all(loop);
        net_conn_free_closed(loop);
    } while (loop->closed != NULL);
    observe_turn(loop);
}

/* Where the process stood still, or a turn took long, the sockets hold what came meanwhile, more
 * than one turn reads: it is read before anybody is found too late. But not twice in a row, so that
 * a loop that is always late has its timers all the same. */
static bool must_read_first(struct net_loop *loop)
{
    const uint64_t now_ms = uv_now(&loop->uv);
    const bool stood_still = now_ms - loop->ticked_ms > STANDSTILL_MS;

    loop->ticked_ms = now_ms;
    loop->reads_first = stood_still && !loop->reads_first;
    return loop->reads_first;
}

static void on_tick(uv_timer_t *tick)
{
    struct net_loop *loop = tick->data;

    atomic_fetch_add_explicit(&loop->ticks, 1, memory_order_relaxed);
    if (must_read_first(loop))
        return;
    net_timer_wheel_turn(&loop->wheel, uv_now(&loop->uv), net_conn_on_timer);
    net_conn_end_stalled(loop, uv_now(&loop->uv));
}

int net_loop_open(struct net_loop *loop, struct net_descriptors *descriptors,
                  size_t backlog_bytes_max, void (*on_turn_end)(void *user), void *user)
{
    int status = uv_loop_init(&loop->uv);

    if (status < 0)
        return status;
    loop->uv.data = loop;
    loop->descriptors = descriptors;
    loop->backlog_bytes_max = backlog_bytes_max;
    loop->on_turn_end = on_turn_end;
    loop->user = user;
    loop->metrics = NULL;
    list_init(&loop->backlogs);
    loop->unsent = NULL;
    loop->closed = NULL;
    loop->connections_count = 0;
    atomic_init(&loop->ticks, 0);
    status = net_mailbox_open(&loop->mailbox, &loop->uv, user);
    if (status < 0) {
        CHECK(uv_loop_close(&loop->uv) == 0);
        return status;
    }
    CHECK(net_poller_open(&loop->poller, &loop->uv, on_turn, loop) == 0);
    net_timer_wheel_init(&loop->wheel, uv_now(&loop->uv));
    loop->ticked_ms = uv_now(&loop->uv);
    loop->reads_first = false;
    CHECK(uv_timer_init(&loop->uv, &loop->tick) == 0);
    loop->tick.data = loop;
    CHECK(uv_timer_start(&loop->tick, on_tick, NET_TIMER_TICK_MS, NET_TIMER_TICK_MS) == 0);
    loop->read_buffer = mem_new(NET_LOOP_READ_LEN);
    return 0;
}

void net_loop_run(struct net_loop *loop)
{
    net_poller_run(&loop->poller);
}

void net_loop_turn(struct net_loop *loop, bool waits)
{
    net_poller_turn(&loop->poller, waits);
}

void net_loop_stop(struct net_loop *loop)
{
    net_poller_stop(&loop->poller);
}

void net_loop_close(struct net_loop *loop)
{
    CHECK(loop->connections_count == 0);
    net_mailbox_close(&loop->mailbox);
    net_poller_close(&loop->poller);
    uv_close((uv_handle_t *)&loop->tick, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop->uv) == 0);
    free(loop->read_buffer);
    loop->read_buffer = NULL;
}

void net_loop_come_back(struct net_loop *loop)
{
    net_poller_come_back(&loop->poller);
}

bool net_loop_has_more(const struct net_loop *loop)
{
    return loop->poller.has_more;
}

uint64_t net_loop_now_ms(const struct net_loop *loop)
{
    return uv_now(&loop->uv);
}
