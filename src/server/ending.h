/* The graceful end: nobody listens any more, then clients are sent away, then the workers end.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

/* A second call changes nothing. */
void server_ending_begin(struct server_state *server);

/* The same, or what is under way: whoever is left is cut off. */
void server_ending_hasten(struct server_state *server);

/* When all workers have closed their listening sockets: they send their clients away. */
void server_ending_notify_workers(struct server_state *server);
