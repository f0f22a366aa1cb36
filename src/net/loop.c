#include "net/loop.h"

#include "base/check.h"
#include "base/mem.h"

/* The time that connections with much input get in a turn, all together and each. */
#define SHARES_NS UINT64_C(16000000)
#define SHARE_NS_MIN UINT64_C(100000)
#define SHARE_NS_MAX UINT64_C(2000000)
#define STANDSTILL_MS (4 * NET_TIMER_TICK_MS)
/* In a turn that takes longer the guest has one of its own each so often, or leaves. */
#define GUEST_WAIT_NS 2000000

static _Thread_local struct net_loop *running;

struct net_loop *net_loop_running(void)
{
    return running;
}

static void observe_turn(const struct net_loop *loop)
{
    if (loop->metrics != NULL && loop->poller.woken_ns != 0)
        metrics_observe(&loop->metrics->turn_ns, uv_hrtime() - loop->poller.woken_ns,
                        METRICS_DURATION_UNIT_NS);
}

/* The more connections compete for the turn, the smaller the share of each. */
static void share_turns(struct net_loop *loop)
{
    loop->share_ns = SHARES_NS / (loop->yielding.count + 1);
    if (loop->share_ns < SHARE_NS_MIN)
        loop->share_ns = SHARE_NS_MIN;
    if (loop->share_ns > SHARE_NS_MAX)
        loop->share_ns = SHARE_NS_MAX;
}

/* --- a guest -------------------------------------------------------------------------------- */

#if NET_POLLER_EPOLL

static void on_turn(void *user); /* of the guest, from that of its host */

static void on_guest_ready(struct net_poller_watch *watch, bool is_readable, bool is_writable)
{
    struct net_loop *loop = LIST_OWNER(watch, struct net_loop, guest_watch);

    (void)is_readable;
    (void)is_writable;
    loop->is_guest_ready = true;
}

bool net_loop_take_guest(struct net_loop *loop, struct net_loop *guest)
{
    loop->guest_watch = (struct net_poller_watch){.on_ready = on_guest_ready};
    if (net_poller_add(&loop->poller, &loop->guest_watch, guest->poller.epoll_fd, true, false) < 0)
        return false;
    loop->guest = guest;
    loop->is_guest_ready = false;
    loop->guest_turned_ns = uv_hrtime();
    net_loop_come_back(guest); /* mail may wait that woke nobody */
    if (running == loop)
        net_mailbox_begin_reading(&guest->mailbox);
    else
        uv_run(&guest->uv, UV_RUN_NOWAIT); /* registers with the kernel what was started before */
    return true;
}

/* The guest may be another thread's when this returns. */
static void dismiss_guest(struct net_loop *loop)
{
    struct net_loop *guest = loop->guest;

    net_poller_remove(&loop->poller, &loop->guest_watch);
    net_mailbox_end_reading(&guest->mailbox);
    loop->guest = NULL;
    guest->is_leaving = false;
    if (guest->on_dismissed != NULL)
        guest->on_dismissed(guest->lender);
}

/* Nothing else of this loop is being handled now. For mail alone the guest does not look at its
 * sockets, as this loop has just done that; before its timers run it does. */
static void turn_guest(struct net_loop *loop)
{
    struct net_loop *guest = loop->guest;

    uv_update_time(&guest->uv);
    if (loop->is_guest_ready || guest->poller.comes_back || uv_backend_timeout(&guest->uv) == 0) {
        loop->is_guest_ready = false;
        net_loop_turn(guest, false);
    } else if (!net_mailbox_is_idle(&guest->mailbox)) {
        on_turn(guest);
    }
    loop->guest_turned_ns = uv_hrtime();
    if (guest->is_leaving)
        dismiss_guest(loop);
}

void net_loop_turn_guest_between(struct net_loop *loop)
{
    if (loop->guest == NULL || uv_hrtime() - loop->guest_turned_ns < GUEST_WAIT_NS)
        return;
    if (loop->guest->on_dismissed != NULL) {
        dismiss_guest(loop);
        return;
    }
    loop->is_guest_ready = true; /* the poller has not looked since this turn began */
    turn_guest(loop);
}

/* A turn that calls net_loop_turn_guest_between() seldom may be long too. */
static void end_turn_of_guest(struct net_loop *loop)
{
    if (loop->guest != NULL && loop->guest->on_dismissed != NULL &&
        uv_hrtime() - loop->poller.woken_ns >= GUEST_WAIT_NS)
        dismiss_guest(loop);
}

/* The poller asks before it waits: mail that the thread itself has posted did not wake it. */
static int limit_wait(int wait_ms, void *user)
{
    struct net_loop *loop = user;
    int guest_ms;

    if (!net_mailbox_is_idle(&loop->mailbox))
        return 0;
    if (loop->guest == NULL)
        return wait_ms;
    uv_update_time(&loop->guest->uv);
    guest_ms = net_poller_wait_ms(&loop->guest->poller);
    return guest_ms >= 0 && (wait_ms < 0 || guest_ms < wait_ms) ? guest_ms : wait_ms;
}

#else

bool net_loop_take_guest(struct net_loop *loop, struct net_loop *guest)
{
    (void)loop;
    (void)guest;
    return false;
}

static void dismiss_guest(struct net_loop *loop)
{
    (void)loop;
}

static void turn_guest(struct net_loop *loop)
{
    (void)loop;
}

void net_loop_turn_guest_between(struct net_loop *loop)
{
    (void)loop;
}

static void end_turn_of_guest(struct net_loop *loop)
{
    (void)loop;
}

static int limit_wait(int wait_ms, void *user)
{
    (void)user;
    return wait_ms;
}

#endif

/* --- a turn --------------------------------------------------------------------------------- */

static void end_turn_of_connections(struct net_loop *loop)
{
    do {
        loop->connections->flush_all(loop);
        loop->connections->free_closed(loop);
    } while (loop->closed != NULL);
}

static void on_turn(void *user)
{
    struct net_loop *loop = user;

    if (loop->guest != NULL)
        turn_guest(loop);
    net_mailbox_drain(&loop->mailbox); /* what this thread has posted did not wake it */
    share_turns(loop);
    if (loop->connections != NULL)
        loop->connections->resume_held(loop);
    loop->on_turn_end(loop->user);
    if (loop->connections != NULL)
        end_turn_of_connections(loop);
    end_turn_of_guest(loop);
    observe_turn(loop);
}

/* If the process stood still or a turn took long, the sockets hold more input than one turn reads:
 * it is read before timers declare a peer late. But not twice in a row, so that timers also run in
 * a loop that is always late. */
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
    if (loop->connections == NULL)
        return;
    net_timer_wheel_turn(&loop->wheel, uv_now(&loop->uv), loop->connections->on_timer);
    loop->connections->end_stalled(loop, uv_now(&loop->uv));
}

/* Runs on the thread that lowered the queue. */
static void on_low(struct net_watermark_waiter *waiter)
{
    struct net_loop_wait *wait = LIST_OWNER(waiter, struct net_loop_wait, waiter);

    if (wait->loop->is_closed)
        return; /* all threads have ended */
    net_mailbox_post(&wait->loop->mailbox, &wait->mail);
}

static void on_low_mail(struct net_mail *mail, void *owner)
{
    struct net_loop_wait *wait = LIST_OWNER(mail, struct net_loop_wait, mail);

    (void)owner;
    wait->watermark = NULL;
    wait->is_due = true;
    net_loop_come_back(wait->loop);
}

static void init_waits(struct net_loop *loop)
{
    for (size_t i = 0; i < NET_LOOP_WAITS_MAX; i++)
        loop->waits[i] = (struct net_loop_wait){
            .waiter.on_low = on_low,
            .mail.deliver = on_low_mail,
            .loop = loop,
        };
}

/* The wait for that queue; NULL: for none, one that is free. */
static struct net_loop_wait *find_wait(struct net_loop *loop, const struct net_watermark *watermark)
{
    for (size_t i = 0; i < NET_LOOP_WAITS_MAX; i++)
        if (loop->waits[i].watermark == watermark && !loop->waits[i].is_due)
            return &loop->waits[i];
    return NULL;
}

struct net_held *net_loop_wait_for(struct net_loop *loop, struct net_watermark *watermark)
{
    struct net_loop_wait *wait = find_wait(loop, watermark);

    if (wait != NULL)
        return &wait->held;
    wait = find_wait(loop, NULL);
    if (wait == NULL)
        return &loop->waits[0].held;
    wait->watermark = watermark;
    net_watermark_wait(watermark, &wait->waiter);
    return &wait->held;
}

/* All ready sockets have been reported, some of which are read together. */
static void on_reported(void *user)
{
    struct net_loop *loop = user;

    if (loop->batch != NULL && loop->batch->reads_count > 0)
        loop->connections->read_batch(loop);
}

bool net_loop_use_batch(struct net_loop *loop)
{
    loop->batch = net_batch_new(NET_LOOP_READ_LEN);
    return loop->batch != NULL;
}

void net_loop_send_batch(struct net_loop *loop)
{
    if (loop->batch != NULL && loop->batch->sends_count > 0)
        loop->connections->send_batch(loop);
}

int net_loop_open(struct net_loop *loop, struct net_descriptors *descriptors,
                  size_t backlog_bytes_max, void (*on_turn_end)(void *user), void *user)
{
    const int status = uv_loop_init(&loop->uv);

    if (status < 0)
        return status;
    loop->uv.data = loop;
    loop->descriptors = descriptors;
    loop->backlog_bytes_max = backlog_bytes_max;
    loop->on_turn_end = on_turn_end;
    loop->user = user;
    loop->metrics = NULL;
    loop->yielding = (struct net_held){0};
    init_waits(loop);
    loop->share_ns = SHARE_NS_MAX;
    list_init(&loop->backlogs);
    loop->batch = NULL;
    loop->unsent = NULL;
    loop->unsent_work = 0;
    loop->closed = NULL;
    loop->is_closed = false;
    loop->takes_guests = false;
    loop->guest = NULL;
    loop->on_dismissed = NULL;
    loop->is_leaving = false;
    loop->connections_count = 0;
    atomic_init(&loop->ticks, 0);
    CHECK(net_poller_open(&loop->poller, &loop->uv, on_reported, on_turn, loop) == 0);
    loop->poller.limit_wait = limit_wait;
    CHECK(net_mailbox_open_on(&loop->mailbox, &loop->poller, user) == 0);
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
    running = loop;
    net_mailbox_begin_reading(&loop->mailbox);
    if (loop->guest != NULL)
        net_mailbox_begin_reading(&loop->guest->mailbox);
    net_poller_run(&loop->poller);
    net_mailbox_end_reading(&loop->mailbox);
    if (loop->guest != NULL)
        dismiss_guest(loop);
    running = NULL;
}

void net_loop_leave(struct net_loop *guest)
{
    CHECK(guest->on_dismissed != NULL);
    guest->is_leaving = true;
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
    loop->is_closed = true;
    net_mailbox_close(&loop->mailbox);
    net_poller_close(&loop->poller);
    uv_close((uv_handle_t *)&loop->tick, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop->uv) == 0);
    net_held_deinit(&loop->yielding);
    for (size_t i = 0; i < NET_LOOP_WAITS_MAX; i++)
        net_held_deinit(&loop->waits[i].held);
    net_clients_deinit(&loop->clients);
    net_batch_free(loop->batch);
    free(loop->read_buffer);
    loop->read_buffer = NULL;
}

void net_loop_come_back(struct net_loop *loop)
{
    net_poller_come_back(&loop->poller);
}

bool net_loop_has_more(const struct net_loop *loop)
{
    return loop->poller.has_more || (loop->batch != NULL && loop->batch->reads_count > 0);
}

uint64_t net_loop_now_ms(const struct net_loop *loop)
{
    return uv_now(&loop->uv);
}
