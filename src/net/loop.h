/* A worker's event loop: libuv's loop and the sockets beside it (net/poller.h), and the state that
 * all connections of that worker share.
 *
 * A turn of the loop reads and handles input, and ends by sending what was queued: `on_turn_end`
 * first (runs of events), then each connection that has output. Connections that were closed in a
 * turn are freed at its end.
 *
 * Thread: owner; other threads only post to its mailbox.
 */
#pragma once

#include "base/list.h"
#include "metrics/metrics.h"
#include "net/batch.h"
#include "net/chunk.h"
#include "net/clients.h"
#include "net/descriptors.h"
#include "net/held.h"
#include "net/mailbox.h"
#include "net/poller.h"
#include "net/timer.h"

#define NET_LOOP_READ_LEN 65536

/* The connections that wait until one queue is low again. */
struct net_loop_wait {
    struct net_watermark *watermark; /* NULL: nobody waits */
    struct net_watermark_waiter waiter;
    struct net_mail mail;
    struct net_loop *loop;
    struct net_held held;
    bool is_due; /* it is low: `held` are resumed in this turn */
};

/* If connections of a loop have filled more queues than that, some wait for another queue first. */
#define NET_LOOP_WAITS_MAX 16

/* What the loop calls in each turn for its connections. The first connection sets it, since the
 * loop is below net/conn.h: input and ends first, then what is done for all of them. */
struct net_loop_connections {
    void (*on_input)(struct net_stream *stream, char *data, size_t len);
    void (*on_end)(struct net_stream *stream);
    void (*read_batch)(struct net_loop *loop);
    void (*send_batch)(struct net_loop *loop);
    void (*resume_held)(struct net_loop *loop);
    void (*flush_all)(struct net_loop *loop);
    void (*free_closed)(struct net_loop *loop);
    void (*end_stalled)(struct net_loop *loop, uint64_t now_ms);
    /* For whom what the stream's peer has not read counts. */
    struct net_chunk_holder (*holder)(struct net_stream *stream);
    void (*on_timer)(struct net_timer *timer, uint64_t now_ms);
};

struct net_loop {
    uv_loop_t uv;
    struct net_poller poller;
    struct net_mailbox mailbox;
    struct net_timer_wheel wheel;
    struct net_descriptors *descriptors; /* shared by all workers */
    size_t backlog_bytes_max;            /* `max` of net/backlog.h */
    struct list backlogs;                /* net/backlog.h */
    struct net_held yielding;            /* connections that used up their share of a turn */
    struct net_loop_wait waits[NET_LOOP_WAITS_MAX];
    uint64_t share_ns;         /* a connection's share of a turn */
    uint64_t yield_ns;         /* when the current connection's share ends */
    struct net_batch *batch;   /* NULL: each sends and receives by itself */
    struct net_stream *unsent; /* connections with output of this turn */
    size_t unsent_work;        /* what sending to them takes, in sends without TLS */
    struct net_stream *closed; /* to be freed when it ends */
    const struct net_loop_connections *connections; /* NULL: there was no connection yet */
    void (*on_turn_end)(void *user);
    void *user;
    struct metrics *metrics;             /* NULL: turns are not counted */
    struct net_clients clients;          /* of connections whose socket does not tell */
    struct net_address_table *addresses; /* NULL: what an address does is not counted */
    const struct config_address_limits *address_limits; /* of the server; NULL: none */
    const struct ip_ranges *unlimited; /* addresses without limits: trusted proxies; NULL: none */
    bool takes_guests;                 /* those that are lent: net/lending.h; the owner sets it */
    struct net_loop *guest;            /* net_loop_take_guest(); NULL: none */
    struct net_poller_watch guest_watch;
    bool is_guest_ready;
    uint64_t guest_turned_ns; /* when it had its last turn */
    /* Of a guest: called when it has left its host; NULL: it stays to the end. */
    void (*on_dismissed)(void *lender);
    void *lender;
    bool is_leaving; /* net_loop_leave() */
    size_t connections_count;
    atomic_uint
        ticks; /* one each NET_TIMER_TICK_MS while the loop is not stuck; any thread reads */
    uv_timer_t tick;
    uint64_t ticked_ms; /* the time of the last tick */
    bool is_closed;
    bool reads_first;  /* this tick's timers wait for the next one */
    char *read_buffer; /* NET_LOOP_READ_LEN bytes, lent to the connection that reads */
};

/* `user` is handed to `on_turn_end` and to each mail. Negative UV_E… if it fails. */
int net_loop_open(struct net_loop *loop, struct net_descriptors *descriptors,
                  size_t backlog_bytes_max, void (*on_turn_end)(void *user), void *user);

/* On the loop's own thread, before the run: from now on connections send and receive together with
 * others (net/batch.h). False, and each does so by itself, if the system refuses. */
bool net_loop_use_batch(struct net_loop *loop);

/* Sends what waits in the batch now, not when the turn ends. */
void net_loop_send_batch(struct net_loop *loop);

/* Before the run, or on the thread that runs it: `guest`, a loop that no thread runs, gets a turn
 * in each turn of this one in which it has something to do, until the run ends or the guest leaves.
 * Its turn comes when all ready sockets of this one have been handled: nothing of one loop happens
 * within a callback of the other. False if this system has no such means: the guest then needs a
 * thread of its own. */
bool net_loop_take_guest(struct net_loop *loop, struct net_loop *guest);

/* A guest that has `on_dismissed`, in its turn: it leaves at the end of it. It also leaves if a
 * turn of its host is long. */
void net_loop_leave(struct net_loop *guest);

/* To be called often in what may make a turn long, and outside of callbacks: the guest, if there is
 * one, has a turn, or leaves if it may, if its last one was some ms ago. */
void net_loop_turn_guest_between(struct net_loop *loop);

/* The loop that the calling thread runs; NULL: none. */
struct net_loop *net_loop_running(void);

/* Runs until net_loop_stop(), and may be run again. */
void net_loop_run(struct net_loop *loop);
void net_loop_stop(struct net_loop *loop);

/* Runs one turn; with `waits` it waits until there is something to do. */
void net_loop_turn(struct net_loop *loop, bool waits);

/* Where a connection is to be held that has filled that queue: those there are resumed in the turn
 * after it is low. */
struct net_held *net_loop_wait_for(struct net_loop *loop, struct net_watermark *watermark);

/* The next turn does not wait: there is more to do. */
void net_loop_come_back(struct net_loop *loop);

/* After the run, and after every connection has closed. */
void net_loop_close(struct net_loop *loop);

/* Whether other sockets are still to be read in this turn; true if that is not known. */
bool net_loop_has_more(const struct net_loop *loop);

uint64_t net_loop_now_ms(const struct net_loop *loop);
