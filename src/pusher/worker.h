/* What the Pusher connections of one worker share.
 *
 * Thread: owner; `all` lets it post to the others.
 */
#pragma once

#include "channel/fanout.h"
#include "pusher/apps.h"
#include "pusher/observers.h"

struct pusher_session;

struct pusher_worker {
    /* Fixed before the workers start. */
    struct net_loop *loop;
    struct pusher_worker *all; /* the hubs of all workers, an array */
    size_t index;              /* of this worker */
    size_t workers_count;
    struct pusher_apps *apps;
    struct metrics *metrics;
    const struct pusher_observers *observers; /* NULL: nobody listens */
    bool keeps_origins;                       /* somebody wants to know sessions' origins */

    /* Owner. */
    struct channel_fanout fanout;
    struct ws_conn_settings ws_settings;
    struct list sessions; /* that are open */
    struct list leaving;  /* whose WebSocket is being closed, the first to go in front */
    size_t sessions_count;
    struct map by_socket_id;
    struct buffer scratch; /* for one message being written */
    uint64_t refused_logged_ms;
};

/* After the fields that are fixed are set, zeroes behind them. */
void pusher_worker_init(struct pusher_worker *worker, bool has_compression);

/* When its loop has ended and all its connections are closed. */
void pusher_worker_deinit(struct pusher_worker *worker);

/* The scratch, emptied. */
struct buffer *pusher_worker_scratch(struct pusher_worker *worker);

/* NULL where this worker has no connection of that id. */
struct pusher_session *pusher_worker_find(struct pusher_worker *worker, uint64_t socket_id);

/* Cuts off one whose WebSocket is being closed already, to make room for another; false where there
 * is none. */
bool pusher_worker_evict(struct pusher_worker *worker);

/* At once, whatever they are in the middle of. */
void pusher_worker_close_all(struct pusher_worker *worker);

/* At once those whose WebSocket is being closed and who have taken all that there was for them. */
void pusher_worker_close_answered(struct pusher_worker *worker);

/* Closes up to `count` of its connections with `code`, because the server ends. */
void pusher_worker_end_some(struct pusher_worker *worker, size_t count, uint16_t code);
