/* A client's connection: who it is, what it is sent, and that it is closed. What it asks for is
 * handled above, where pusher/conversation.h is told of its end too.
 *
 * Thread: owner, the worker's. Life: pusher_session_new() to pusher_session_free().
 */
#pragma once

#include "pusher/error.h"
#include "pusher/rate_limit.h"
#include "pusher/worker.h"

/* Who has signed in. */
struct pusher_session_user {
    struct bytes id;                           /* its own */
    struct bytes info_json;                    /* its own; absent where none was given */
    struct channel_subscription *subscription; /* among the app's users */
    struct ws_message *welcome;                /* not sent yet; NULL: it was */
};

enum pusher_session_state {
    PUSHER_SESSION_NEW,
    PUSHER_SESSION_WAITING,     /* whether the cluster lets it in */
    PUSHER_SESSION_ESTABLISHED, /* was told its socket id */
    PUSHER_SESSION_OVER,        /* has left everything */
};

/* Among the connections of its app. */
enum pusher_session_counted {
    PUSHER_SESSION_NOT_COUNTED,
    PUSHER_SESSION_COUNTED_HERE,
    PUSHER_SESSION_COUNTED_EVERYWHERE, /* by the cluster too */
};

struct pusher_session {
    struct ws_conn ws; /* first: a connection's address is its session's */
    struct pusher_worker *worker;
    struct pusher_app *app; /* NULL where the app does not exist */
    struct channel_subscriber subscriber;
    struct list link; /* in the worker */
    struct map_entry by_socket_id;
    struct bytes origin;              /* its own; absent if it has none, or nobody wants to know */
    uint64_t socket_id;               /* pusher/socket_id.h */
    struct pusher_session_user *user; /* NULL before sign-in */
    uint64_t seen_ms;                 /* when the client last sent something */
    uint16_t close_code;              /* once it is over; 0: without a close frame */
    uint32_t channels_count;          /* that it is subscribed to */
    struct pusher_rate_limit rate_limit;
    enum pusher_session_state state;
    enum pusher_session_counted counted;
    bool is_pinged;
    bool uses_control_frames;
    bool has_place;  /* counted in the process's WebSockets */
    bool is_refused; /* the message at hand was answered with an error */
};

/* Who must be told; handed in by the worker (pusher/worker.h). */
struct pusher_session_events {
    /* Whether its app has room for it, as was asked by pusher_authority_admit(). */
    void (*on_admitted)(struct pusher_session *session, bool is_admitted);
    /* It is over, and has an app: it leaves whatever it has joined. */
    void (*on_over)(struct pusher_session *session);
};

/* Counted among the process's WebSockets where there is room for it; its WebSocket is not open yet.
 * `app` may be NULL. */
struct pusher_session *pusher_session_new(struct pusher_worker *worker, struct pusher_app *app);

/* When its WebSocket is closed; after pusher_session_end(). */
void pusher_session_free(struct pusher_session *session);

/* It is over, at whichever side's wish; the WebSocket may go on to close. Twice is fine. */
void pusher_session_end(struct pusher_session *session);

struct pusher_session *pusher_session_of(struct ws_conn *ws);

/* NULL where the worker has no connection of that id. */
struct pusher_session *pusher_session_find(struct pusher_worker *worker, uint64_t socket_id);

/* Its subscription to that channel; NULL where it has none. */
struct channel_subscription *pusher_session_subscription(struct pusher_session *session,
                                                         struct bytes name);

/* Of its app, which must exist. */
struct metrics_app *pusher_session_metrics(const struct pusher_session *session);

/* Whether `auth` is the app's signature of this connection's socket id with `text` behind it. */
bool pusher_session_is_signed(const struct pusher_session *session, struct bytes text,
                              struct bytes auth);

/* Sends one message; a client that takes nothing any more is closed. */
void pusher_session_send(struct pusher_session *session, struct bytes message);
void pusher_session_send_error(struct pusher_session *session, enum pusher_error error);

/* A slow reader: closed with 4100, so that the client comes again later. */
void pusher_session_close_slow(struct pusher_session *session);

/* Leaves every channel, tells the client why where `error` says so, and closes with `code`. */
void pusher_session_close(struct pusher_session *session, uint16_t code, struct bytes reason);
void pusher_session_close_with_error(struct pusher_session *session, enum pusher_error error);

/* Cuts off one of the worker's whose WebSocket is being closed already, to make room for another;
 * false where there is none. */
bool pusher_session_evict(struct pusher_worker *worker);

/* All of the worker's, at once, whatever they are in the middle of. */
void pusher_session_close_all(struct pusher_worker *worker);

/* At once those of the worker's whose WebSocket is being closed and who have taken all that there
 * was for them. */
void pusher_session_close_answered(struct pusher_worker *worker);

/* Closes up to `count` of the worker's with `code`, because the server ends. */
void pusher_session_end_some(struct pusher_worker *worker, size_t count, uint16_t code);
