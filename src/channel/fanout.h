/* One event to many connections: each worker delivers to its own ones. channel/publish.h brings it
 * to all workers.
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
struct channel_fanout_set {
    struct channel_fanout **of_workers;
    /* Who publishes is not a client of this node, and cannot be held back while much waits. */
    bool is_of_cluster;
};

struct channel_fanout {
    /* Fixed before the workers start. */
    size_t worker; /* the index of this worker */
    struct channel_fanout_set all;
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

/* Adds an event for this worker's subscribers to what is sent at the end of the turn, except for
 * the connection with socket id `except` (0: no exception). */
void channel_fanout_add_event(struct channel_fanout *fanout, struct channel *channel,
                              struct ws_message *message, uint64_t except, bool is_of_cluster);

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

/* Sends the subscriber what is queued for it, before the others. */
void channel_fanout_catch_up(struct channel_fanout *fanout,
                             const struct channel_subscriber *subscriber);

/* Sends as much as one turn may, then reports the slow readers. At the end of a turn. */
void channel_fanout_end_turn(struct channel_fanout *fanout);
