/* The state that the Pusher connections of one worker share.
 *
 * Thread: owner; `all` lets it post to the others.
 */
#pragma once

#include "channel/joining.h"
#include "net/slices.h"
#include "pusher/app.h"
#include "pusher/observers.h"
#include "pusher/refusals.h"

struct pusher_apps;
struct pusher_session_events;

struct pusher_worker {
    /* Fixed before the workers start. */
    struct net_loop *loop;
    struct pusher_worker *all; /* all workers, an array */
    size_t index;              /* of this worker */
    size_t workers_count;
    struct pusher_apps *apps;
    struct metrics *metrics;
    const struct pusher_observers *observers; /* NULL: none */
    struct pusher_refusals *refusals;         /* shared by all workers; NULL: nothing is logged */
    bool keeps_origins;                       /* an observer needs the sessions' origins */

    /* Set by pusher_conversation_init(). */
    const struct pusher_session_events *session_events;
    struct metrics_app *strangers; /* counts what no app was found for; any thread reads */

    atomic_size_t pending_events; /* see cluster_publish(); the cluster's thread counts them down */
    size_t members_bytes_max; /* of the list of a channel's members; set by pusher_worker_init() */

    /* Owner. */
    struct channel_fanout fanout;
    struct channel_joining joining;
    struct net_slices slices;
    struct ws_conn_settings ws_settings;
    struct list sessions; /* the open ones */
    struct list leaving;  /* those whose WebSocket is being closed, the first to go in front */
    size_t sessions_count;
    struct map by_socket_id;
    struct buffer scratch; /* for one message being written */
    uint64_t refused_logged_ms;
};

/* Called by pusher_conversation_init(). */
void pusher_worker_init(struct pusher_worker *worker, bool has_compression);

/* After its loop has ended and all its connections are closed. */
void pusher_worker_deinit(struct pusher_worker *worker);

/* The worker's counters for the app; NULL: for those without one. */
struct metrics_app *pusher_worker_metrics_of(const struct pusher_worker *worker,
                                             const struct pusher_app *app);

/* Counts and logs that the peer of `conn` was refused something; `app` is NULL if there is none. */
void pusher_worker_note_rejected(struct pusher_worker *worker, const struct pusher_app *app,
                                 enum metrics_app_reject reason, const struct net_conn *conn);

/* The same for a peer that is no client of any app yet. */
void pusher_worker_note_rejected_peer(struct pusher_worker *worker, enum metrics_app_reject reason,
                                      const struct ip *peer);

/* The scratch, emptied. */
struct buffer *pusher_worker_scratch(struct pusher_worker *worker);
