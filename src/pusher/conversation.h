/* A client's connection from its handshake to its end: admits it, dispatches its messages, and
 * leaves all channels when it ends.
 *
 * Thread: owner, the worker's. Life: pusher_conversation_open() until the connection is closed; the
 * session frees itself.
 */
#pragma once

#include "http/conn.h"
#include "pusher/session.h"

/* Initialises the worker, whose fixed fields are set, for this; pusher_worker_deinit() undoes it.
 */
void pusher_conversation_init(struct pusher_worker *worker, bool has_compression);

/* Takes the connection over from `http`, whose request asks for a WebSocket. `key` is the app's.
 * A refusal is sent over the WebSocket, as clients expect. */
void pusher_conversation_open(struct pusher_worker *worker, struct http_conn *http,
                              const struct http_request *request, struct bytes key);
