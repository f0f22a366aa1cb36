/* A client's connection: its identity, sending to it, and closing it. pusher/conversation.h, above,
 * handles its messages and its end.
 *
 * Thread: owner, the worker's. Life: pusher_session_new() to pusher_session_free().
 */
#pragma once

#include "pusher/error.h"
#include "pusher/rate_limit.h"
#include "pusher/worker.h"

struct pusher_watchlist;

/* The user that has signed in. */
struct pusher_session_user {
    struct bytes id;                           /* its own */
    struct bytes info_json;                    /* its own; absent if none was given */
    struct channel_subscription *subscription; /* among the app's users */
    struct ws_message *welcome;                /* not sent yet; NULL: it was */
    uint32_t watched_count;                    /* users that the session watches */
    struct pusher_watchlist *watchlist;        /* the rest of a long one; NULL: none */
    bool is_asking;                            /* some that it watches are `is_asked` */
};

enum pusher_session_state {
    PUSHER_SESSION_NEW,
    PUSHER_SESSION_WAITING,     /* for the cluster to admit it */
    PUSHER_SESSION_ESTABLISHED, /* was sent its socket id */
    PUSHER_SESSION_OVER,        /* has left all channels */
};

/* Whether it is counted among the connections of its app. */
enum pusher_session_counted {
    PUSHER_SESSION_NOT_COUNTED,
    PUSHER_SESSION_COUNTED_HERE,
    PUSHER_SESSION_COUNTED_EVERYWHERE, /* by the cluster too */
};

struct pusher_session {
    struct ws_conn ws; /* first: a connection's address is its session's */
    struct pusher_worker *worker;
    struct pusher_app *app; /* a reference; NULL if the app does not exist */
    struct channel_subscriber subscriber;
    struct list link; /* in the worker */
    struct map_entry by_socket_id;
    struct bytes origin;              /* its own; absent if it has none, or none is kept */
    uint64_t socket_id;               /* pusher/socket_id.h */
    struct pusher_session_user *user; /* NULL before sign-in */
    uint64_t seen_ms;                 /* when the client last sent something, or was pinged */
    uint16_t backlog_account;         /* of its user (net/chunk.h); 0: it is anonymous */
    uint16_t close_code;              /* once it is over; 0: without a close frame */
    uint32_t channels_count;          /* its subscriptions */
    struct pusher_rate_limit rate_limit;
    enum pusher_session_state state;
    enum pusher_session_counted counted;
    bool is_pinged;
    bool uses_control_frames;
    bool has_place;             /* counted in the process's WebSockets */
    bool is_refused;            /* the message at hand was answered with an error */
    bool is_closed_here;        /* by the server */
    bool is_counted_by_address; /* among those of its app: pusher/address_limits.h */
};

/* Callbacks to the layer above, set in the worker (pusher/worker.h). */
struct pusher_session_events {
    /* The answer to pusher_authority_admit(): whether its app has room for it. */
    void (*on_admitted)(struct pusher_session *session, bool is_admitted);
    /* It is over, and has an app: it must leave all that it has joined. */
    void (*on_over)(struct pusher_session *session);
};

/* Counted among the process's WebSockets if there is room for it; its WebSocket is not open yet.
 * `app` may be NULL. */
struct pusher_session *pusher_session_new(struct pusher_worker *worker, struct pusher_app *app);

/* After its WebSocket is closed and after pusher_session_end(). */
void pusher_session_free(struct pusher_session *session);

/* Ends the session, whichever side asked for it; the WebSocket may still be closing. A second call
 * does nothing. */
void pusher_session_end(struct pusher_session *session);

struct pusher_session *pusher_session_of(struct ws_conn *ws);

/* NULL if the worker has no connection of that id. */
struct pusher_session *pusher_session_find(struct pusher_worker *worker, uint64_t socket_id);

/* Its subscription to that channel; NULL if it has none. */
struct channel_subscription *pusher_session_subscription(struct pusher_session *session,
                                                         struct bytes name);

/* Of its app; if that does not exist, those for strangers. */
struct metrics_app *pusher_session_metrics(const struct pusher_session *session);

/* Whether `auth` is the app's signature of this connection's socket id followed by `text`. */
bool pusher_session_is_signed(const struct pusher_session *session, struct bytes text,
                              struct bytes auth);

/* Sends one message; closes the client if its output backlog is over the limit. */
void pusher_session_send(struct pusher_session *session, struct bytes message);
void pusher_session_send_error(struct pusher_session *session, enum pusher_error error);

/* As pusher_session_send_error(), for a request that concerns that channel. */
void pusher_session_refuse(struct pusher_session *session, enum pusher_error error,
                           struct bytes channel);

/* Closes a slow reader with 4100, so that the client reconnects later. */
void pusher_session_close_slow(struct pusher_session *session);

/* Leaves every channel, tells the client why if `error` says so, and closes with `code`. */
void pusher_session_close(struct pusher_session *session, uint16_t code, struct bytes reason);
void pusher_session_close_with_error(struct pusher_session *session, enum pusher_error error);

/* Cuts off one of the worker's whose WebSocket is being closed already, to make room for another;
 * false if there is none. */
bool pusher_session_evict(struct pusher_worker *worker);

/* Closes all of the worker's connections at once, whatever their state. */
void pusher_session_close_all(struct pusher_worker *worker);

/* Closes at once those of the worker's connections whose WebSocket is being closed and that have
 * no output backlog. */
void pusher_session_close_answered(struct pusher_worker *worker);

/* Closes up to `count` of the worker's connections with `code`, because the server ends, at least
 * one and until `until_ns`. Each is first sent its queued events. Returns how many it closed. */
size_t pusher_session_end_some(struct pusher_worker *worker, size_t count, uint16_t code,
                               uint64_t until_ns);
