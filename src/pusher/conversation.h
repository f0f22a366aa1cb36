/* A client's connection from its handshake to its end: let in, its messages handed to whoever
 * handles them, and everything left when it is over.
 *
 * Thread: owner, the worker's. Life: pusher_conversation_open() until the connection is closed; the
 * session frees itself.
 */
#pragma once

#include "http/conn.h"
#include "pusher/session.h"

/* The worker's part in the protocol. After its fixed fields are set; pusher_worker_deinit() undoes
 * it. */
void pusher_conversation_init(struct pusher_worker *worker, bool has_compression);

/* Takes the connection over from `http`, whose request asks for a WebSocket. `key` is the app's.
 * What the app does not allow is said on the WebSocket, as clients expect. */
void pusher_conversation_open(struct pusher_worker *worker, struct http_conn *http,
                              const struct http_request *request, struct bytes key);
