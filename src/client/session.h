/* A Pusher client's connection: handshake, subscriptions, events.
 *
 * Each call waits for what it needs, up to CLIENT_STREAM_WAIT_S, except client_session_receive(): a
 * caller with many sessions polls their sockets, and calls it for those that are readable. Pings of
 * the server (ping, pusher:ping) are answered on the way.
 *
 * Thread: owner.
 */
#pragma once

#include "client/request.h"
#include "client/stream.h"

#define CLIENT_SESSION_SOCKET_ID_LEN_MAX 63

struct client_session {
    struct client_stream stream;
    const struct client_server *server;
    struct buffer in; /* received and not handed out yet */
    size_t in_used;   /* bytes at its start that were handed out */
    char key[CLIENT_REQUEST_KEY_LEN];
    char socket_id[CLIENT_SESSION_SOCKET_ID_LEN_MAX + 1];
};

/* Connects and sends the handshake. False, and one line in `error`, if that fails; then there is
 * nothing to close. */
bool client_session_open(struct client_session *session, const struct client_server *server,
                         struct buffer *error);

/* Waits until the server has accepted the handshake and assigned a socket id. */
bool client_session_greet(struct client_session *session, struct buffer *error);

/* Sends pusher:subscribe, signed if the channel's kind needs it; `channel_data` may be absent. */
bool client_session_subscribe(struct client_session *session, struct bytes channel,
                              struct bytes channel_data);

/* Sends pusher:signin, signed. `user_data`: the user as JSON. */
bool client_session_signin(struct client_session *session, struct bytes user_data);

bool client_session_send(struct client_session *session, struct bytes text);

/* Waits for the next text message; borrowed until the next call. */
bool client_session_next(struct client_session *session, struct bytes *text, struct buffer *error);

/* Waits for the event of that name and skips others; false on pusher:error. */
bool client_session_expect(struct client_session *session, struct bytes event,
                           struct buffer *error);

typedef void (*client_session_text_fn)(void *user, struct bytes text);

/* Reads what has come, into `scratch`, and calls `on_text` for each complete text message; it must
 * not close the session. False if the connection has ended. */
bool client_session_receive(struct client_session *session, char *scratch, size_t scratch_len,
                            client_session_text_fn on_text, void *user);

/* Sends a close frame, waits for the server's, then closes. */
void client_session_end(struct client_session *session);

void client_session_close(struct client_session *session); /* twice is fine */
