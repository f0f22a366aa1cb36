#include "net/loop.h"

#include "base/check.h"
#include "base/mem.h"
#include "net/conn.h"

static void end_turn(struct net_loop *loop)
{
    loop->on_turn_end(loop->user);
    net_conn_flush_all(loop);
}

static void on_prepare(uv_prepare_t *prepare)
{
    end_turn(prepare->data);
}

static void on_check(uv_check_t *check)
{
    end_turn(check->data);
}

static void on_tick(uv_timer_t *tick)
{
    struct net_loop *loop = tick->data;

    net_timer_wheel_turn(&loop->wheel, uv_now(&loop->uv), net_conn_on_timer);
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
    loop->unsent = NULL;
    loop->connections_count = 0;
    status = net_mailbox_open(&loop->mailbox, &loop->uv, user);
    if (status < 0) {
        CHECK(uv_loop_close(&loop->uv) == 0);
        return status;
    }
    net_timer_wheel_init(&loop->wheel, uv_now(&loop->uv));
    CHECK(uv_prepare_init(&loop->uv, &loop->prepare) == 0);
    CHECK(uv_check_init(&loop->uv, &loop->check) == 0);
    CHECK(uv_timer_init(&loop->uv, &loop->tick) == 0);
    loop->prepare.data = loop;
    loop->check.data = loop;
    loop->tick.data = loop;
    CHECK(uv_prepare_start(&loop->prepare, on_prepare) == 0);
    CHECK(uv_check_start(&loop->check, on_check) == 0);
    CHECK(uv_timer_start(&loop->tick, on_tick, NET_TIMER_TICK_MS, NET_TIMER_TICK_MS) == 0);
    loop->read_buffer = mem_new(NET_LOOP_READ_LEN);
    return 0;
}

void net_loop_run(struct net_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void net_loop_stop(struct net_loop *loop)
{
    uv_stop(&loop->uv);
}

void net_loop_close(struct net_loop *loop)
{
    CHECK(loop->connections_count == 0);
    net_mailbox_close(&loop->mailbox);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->tick, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop->uv) == 0);
    free(loop->read_buffer);
    loop->read_buffer = NULL;
}

uint64_t net_loop_now_ms(const struct net_loop *loop)
{
    return uv_now(&loop->uv);
}
