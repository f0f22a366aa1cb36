/* One event to many connections: each worker delivers to its own, and tells the others by mail.
 *
 * What is published to a channel in a turn of the loop is gathered into one run, and each
 * subscriber is sent that same run with one write, without a copy. A turn sends as much as it may,
 * so that nobody else waits for long; the rest is sent in the next ones. Two events that one
 * publisher sent one after the other reach every subscriber in that order, whichever workers they
 * met.
 *
 * Thread: owner, each worker has one. Memory: what a receiver does not take at once it owes by
 * reference.
 */
#pragma once

#include "channel/registry.h"
#include "channel/subscription.h"
#include "metrics/metrics.h"

struct channel_run;

struct channel_fanout {
    /* Fixed before the workers start. */
    size_t worker;               /* which this is */
    struct channel_fanout **all; /* the fan-outs of all workers, an array */
    struct net_loop *loop;
    struct ws_deflate *deflate; /* NULL where compression is off */
    struct metrics *metrics;
    /* The connection of that socket id on this worker; NULL where there is none. */
    struct channel_subscriber *(*find)(void *user, uint64_t socket_id);
    /* A receiver owes more than it may; called at the end of the turn. */
    void (*on_slow_reader)(struct ws_conn *conn);
    /* NULL where nobody listens: each message to each receiver, and how many there were. */
    void (*on_sent)(struct ws_conn *conn, const struct ws_message *message);
    void (*on_sent_count)(struct ws_conn *conn, size_t count); /* `conn`: any of the receivers */
    void *user;

    /* Owner. */
    uint32_t last_token;            /* of its subscriptions */
    uint64_t slice_ns;              /* for which a turn sends */
    uint32_t sends_a_look;          /* receivers, before it looks at the clock */
    struct net_watermark watermark; /* of what waits to be sent, for each receiver; any thread */
    struct channel_run *first_run;  /* that wait, the oldest first */
    struct channel_run *last_run;
    struct ws_conn **slow;
    size_t slow_count;
    size_t slow_cap;
};

void channel_fanout_init(struct channel_fanout *fanout);
void channel_fanout_deinit(struct channel_fanout *fanout);

/* One connection more in the channel of that name. Not active yet: it hears nothing. `is_first`:
 * nobody was subscribed before, on any worker. */
struct channel_subscription *channel_fanout_join(struct channel_fanout *fanout,
                                                 struct channel_registry *registry,
                                                 struct bytes name,
                                                 struct channel_subscriber *subscriber,
                                                 bool *is_first);

/* One less: frees the subscription, whose connection has heard what was published before.
 * `is_last`: nobody is left, on any worker. The channel, with a reference for the caller. */
struct channel *channel_fanout_leave(struct channel_fanout *fanout,
                                     struct channel_subscription *subscription, bool *is_last);

/* NULL where that connection, which is only compared, is not in that channel. */
struct channel_subscription *channel_fanout_find(const struct channel_fanout *fanout,
                                                 const struct ws_conn *conn,
                                                 const struct channel *channel);

/* Sends `message` to the channel's subscribers on all workers but the connection of socket id
 * `except` (0: nobody is left out). */
void channel_fanout_publish(struct channel_fanout *fanout, struct channel *channel,
                            struct ws_message *message, uint64_t except);

/* The same for what must keep its order with changes of the channel's state: the caller holds the
 * state lock, and all workers get it by mail. Also from a thread that is no worker's. `fanouts`: of
 * all workers. */
void channel_fanout_publish_in_order(struct channel_fanout *const *fanouts, struct channel *channel,
                                     struct ws_message *message, uint64_t except);

/* The same for a text that is told once. */
void channel_fanout_notify_in_order(struct channel_fanout *const *fanouts, struct channel *channel,
                                    struct bytes text);

/* Whether a worker lags so far behind that nothing more should be published to the channel. */
bool channel_fanout_is_overloaded(const struct channel_fanout *fanout,
                                  const struct channel *channel);

/* Makes the subscription hear what is published from now on. */
void channel_fanout_add(struct channel_fanout *fanout, struct channel_subscription *subscription);

/* On the worker of a subscription that is not active yet: it hears from now on, and is sent both
 * messages (each may be NULL) first. */
void channel_fanout_activate(struct channel_fanout *fanout,
                             struct channel_subscription *subscription, struct ws_message *welcome,
                             struct ws_message *cached);

/* Sends all that was gathered so far. */
void channel_fanout_flush(struct channel_fanout *fanout);

/* The same at the end of a turn, as much as a turn may send; then names the slow readers. */
void channel_fanout_end_turn(struct channel_fanout *fanout);
