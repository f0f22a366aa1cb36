/* One event to many connections: each worker delivers to its own connections and posts the event
 * to the mailboxes of the other workers.
 *
 * The events that are published to a channel in one turn of the loop form one run. Each subscriber
 * is sent that run in one write, without a copy. A turn sends for a limited time, so that other
 * connections do not wait long; the next turns send the rest, after the runs of other apps. Two
 * events that one publisher sends one after the other reach every subscriber in that order,
 * whichever workers they pass through.
 *
 * Thread: owner, each worker has one. Memory: the output backlog of a receiver holds references.
 */
#pragma once

#include "channel/registry.h"
#include "channel/subscription.h"
#include "metrics/metrics.h"

struct channel_run;
struct channel_fanout;

/* The fan-outs of all workers, as one source of messages has them. */
struct channel_fanouts {
    struct channel_fanout **of_workers;
    /* Who publishes is not a client of this node, and cannot be held back while much waits. */
    bool is_of_cluster;
};

struct channel_fanout {
    /* Fixed before the workers start. */
    size_t worker; /* the index of this worker */
    struct channel_fanouts all;
    struct net_loop *loop;
    struct ws_deflate *deflate; /* NULL if compression is off */
    struct metrics *metrics;
    /* The connection of that socket id on this worker; NULL if there is none. */
    struct channel_subscriber *(*find)(void *user, uint64_t socket_id);
    /* A receiver's output backlog is over its limit; called at the end of the turn. */
    void (*on_slow_reader)(struct ws_conn *conn);
    /* For observers, or NULL: each message to each receiver, and the count of messages. */
    void (*on_sent)(struct ws_conn *conn, const struct ws_message *message);
    void (*on_sent_count)(struct ws_conn *conn, size_t count); /* `conn`: any of the receivers */
    void *user;

    /* Owner. */
    uint32_t last_token;            /* the last one given to a subscription */
    uint64_t slice_ns;              /* how long a turn sends */
    uint32_t sends_a_look;          /* sends between two looks at the clock */
    struct net_watermark watermark; /* of what this node's clients published, for all receivers */
    atomic_size_t queued_bytes;     /* of messages in queued runs; any thread reads */
    struct channel_run *first_run;  /* the queued runs; those of an app, the oldest first */
    struct channel_run *last_run;
    struct ws_conn **slow;
    size_t slow_count;
    size_t slow_cap;
};

void channel_fanout_init(struct channel_fanout *fanout);
void channel_fanout_deinit(struct channel_fanout *fanout);

/* Subscribes the connection to the channel of that name. It is not active yet: it receives no
 * events. `is_first`: the channel had no subscription before, on any worker. */
struct channel_subscription *channel_fanout_join(struct channel_fanout *fanout,
                                                 struct channel_registry *registry,
                                                 struct bytes name,
                                                 struct channel_subscriber *subscriber,
                                                 bool *is_first);

/* Ends and frees the subscription, after its connection was sent what was published before.
 * `is_last`: no subscription is left, on any worker. Returns the channel, with a reference for the
 * caller. */
struct channel *channel_fanout_leave(struct channel_fanout *fanout,
                                     struct channel_subscription *subscription, bool *is_last);

/* Whether anything was published for an active subscription. */
bool channel_fanout_has_news(const struct channel_fanout *fanout,
                             const struct channel_subscription *subscription);

/* NULL if the connection is not in the channel. `conn` is only compared, never dereferenced. */
struct channel_subscription *channel_fanout_find(const struct channel_fanout *fanout,
                                                 const struct ws_conn *conn,
                                                 const struct channel *channel);

/* Sends `message` to the channel's subscribers on all workers, except the connection with socket
 * id `except` (0: no exception). */
void channel_fanout_publish(struct channel_fanout *fanout, struct channel *channel,
                            struct ws_message *message, uint64_t except);

/* The same for a message that must keep its order with changes of the channel's state: the caller
 * holds the state lock, and all workers receive it by mail. Thread: any, also of no worker.
 */
void channel_fanout_publish_in_order(const struct channel_fanouts *fanouts, struct channel *channel,
                                     struct ws_message *message, uint64_t except);

/* The same for a text, which it encodes as a message. */
void channel_fanout_notify_in_order(const struct channel_fanouts *fanouts, struct channel *channel,
                                    struct bytes text);

/* Whether another worker is so far behind that nothing more should be published to channels which
 * it has subscribers of; whether it has any of this one. */
bool channel_fanout_is_any_full(const struct channel_fanout *fanout, size_t workers_count);
bool channel_fanout_is_overloaded(const struct channel_fanout *fanout,
                                  const struct channel *channel);

/* Whether so much waits for this worker that it should get nothing more of the cluster for now.
 * Thread: any. */
bool channel_fanout_is_full(struct channel_fanout *fanout);

/* Activates the subscription: it receives what is published from now on. */
void channel_fanout_add(struct channel_fanout *fanout, struct channel_subscription *subscription);

/* Activates a subscription that is not active yet, and sends it both messages first (each may be
 * NULL). On the subscription's worker. */
void channel_fanout_activate(struct channel_fanout *fanout,
                             struct channel_subscription *subscription, struct ws_message *welcome,
                             struct ws_message *cached);

/* Sends all queued runs. */
void channel_fanout_flush(struct channel_fanout *fanout);

/* Sends as much as one turn may, then reports the slow readers. At the end of a turn. */
void channel_fanout_end_turn(struct channel_fanout *fanout);
