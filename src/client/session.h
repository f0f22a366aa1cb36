/* A Pusher client's connection: handshake, subscriptions, events as they come.
 *
 * Each call waits for what it needs, up to CLIENT_STREAM_WAIT_S, but for client_session_receive():
 * whoever has many sessions polls them, and calls that for those where something has come. What the
 * server asks of a client on the way (ping, pusher:ping) is answered.
 *
 * Thread: its owner.
 */
#pragma once

#include "client/request.h"
#include "client/stream.h"

#define CLIENT_SESSION_SOCKET_ID_LEN_MAX 63

struct client_session {
    struct client_stream stream;
    const struct client_server *server;
    struct buffer in; /* what has come and was not handed out */
    size_t in_used;   /* the beginning of it, which was */
    char key[CLIENT_REQUEST_KEY_LEN];
    char socket_id[CLIENT_SESSION_SOCKET_ID_LEN_MAX + 1];
};

/* Connects and asks for a WebSocket. False, and one line in `error`, where that fails; then there
 * is nothing to close. */
bool client_session_open(struct client_session *session, const struct client_server *server,
                         struct buffer *error);

/* Waits until the server has accepted it and said which socket id it has. */
bool client_session_greet(struct client_session *session, struct buffer *error);

/* Sends pusher:subscribe, signed where the channel's kind asks for it; `channel_data` may be
 * absent. */
bool client_session_subscribe(struct client_session *session, struct bytes channel,
                              struct bytes channel_data);

bool client_session_send(struct client_session *session, struct bytes text);

/* Waits for the next text; borrowed until the next call. */
bool client_session_next(struct client_session *session, struct bytes *text, struct buffer *error);

/* Waits for the event of that name, passes over others; pusher:error ends it. */
bool client_session_expect(struct client_session *session, struct bytes event,
                           struct buffer *error);

typedef void (*client_session_text_fn)(void *user, struct bytes text);

/* Reads what there is, into `scratch`, and hands out each text that has come whole; `on_text` must
 * not close the session. False where the connection has ended. */
bool client_session_receive(struct client_session *session, char *scratch, size_t scratch_len,
                            client_session_text_fn on_text, void *user);

/* Says goodbye and waits until the server has too, then closes. */
void client_session_end(struct client_session *session);

void client_session_close(struct client_session *session); /* twice is fine */
