/* The requests of a client: a WebSocket's opening handshake, and publishing over the signed HTTP
 * API. RFC 6455 section 4.1; Pusher Channels, "HTTP API".
 *
 * Thread: any.
 */
#pragma once

#include "client/server.h"

#define CLIENT_REQUEST_KEY_LEN 24

/* Appends the handshake; `key` gets its Sec-WebSocket-Key. */
void client_request_handshake(struct buffer *out, const struct client_server *server,
                              char key[CLIENT_REQUEST_KEY_LEN]);

/* Whether the server's Sec-WebSocket-Accept is right for that key. */
bool client_request_is_accepted(const char key[CLIENT_REQUEST_KEY_LEN], struct bytes accept);

/* Appends GET /apps/ID followed by `path`, signed; the server closes the connection after its
 * answer. `query`: parameters whose names come after "auth_…", as the signature orders them. */
void client_request_get(struct buffer *out, const struct client_server *server, const char *path,
                        const char *query);

/* Appends POST /apps/ID/events; `data` is the event's text, JSON or not. */
void client_request_publish(struct buffer *out, const struct client_server *server,
                            struct bytes channel, struct bytes event, struct bytes data);
