/* A client's connection from its handshake to its end: who it is, what it is subscribed to.
 *
 * Thread: owner, its hub's worker. Life: pusher_session_open() until the connection is closed; it
 * frees itself.
 */
#pragma once

#include "http/conn.h"
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

struct pusher_session {
    struct ws_conn ws; /* first: a connection's address is its session's */
    struct pusher_worker *worker;
    struct pusher_app *app; /* NULL where the app does not exist */
    struct channel_subscriber subscriber;
    struct list link; /* in the hub */
    struct map_entry by_socket_id;
    struct bytes origin;              /* its own; absent if it has none, or nobody wants to know */
    uint64_t socket_id;               /* pusher/socket_id.h */
    struct pusher_session_user *user; /* NULL before sign-in */
    uint64_t seen_ms;                 /* when the client last sent something */
    uint16_t close_code;              /* once it is over; 0: without a close frame */
    uint32_t channels_count;          /* that it is subscribed to */
    struct pusher_rate_limit rate_limit;
    bool is_pinged;
    bool uses_control_frames;
    bool is_counted;     /* in the app's connections */
    bool is_notified;    /* it is counted by the cluster too */
    bool is_awaiting;    /* whether the cluster lets it in */
    bool has_place;      /* counted in the process's WebSockets */
    bool is_over;        /* has left everything */
    bool is_established; /* was told its socket id */
    bool is_refused;     /* the message at hand was answered with an error */
};

/* Takes the connection over from `http`, whose request asks for a WebSocket as `handshake` says.
 * `key` is the app's. What the app does not allow is said on the WebSocket, as clients expect. */
void pusher_session_open(struct pusher_worker *worker, struct http_conn *http,
                         const struct http_request *request, struct bytes key);

/* The cluster lets it in, or does not. */
void pusher_session_admit(struct pusher_session *session, bool is_admitted);

/* A link to the cluster is down: what waits for it waits no longer. */
void pusher_session_resume(struct pusher_session *session);

struct pusher_session *pusher_session_of(struct ws_conn *ws);

/* For the hub: what a WebSocket tells its session. */
extern const struct ws_conn_events pusher_session_events;

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
