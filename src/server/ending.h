/* The graceful end: workers stop listening, then close their clients, then end. With `lame_duck`
 * the server first says for that time that it is not ready (`/up`, `/ready`), while it still
 * accepts and serves: balancers send nothing more to it, and nobody is refused.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

/* A second call changes nothing. */
void server_ending_begin(struct server_state *server);

/* Begins or hastens the end: remaining clients are closed at once. */
void server_ending_hasten(struct server_state *server);

/* After all workers have closed their listening sockets: has them close their clients. */
void server_ending_notify_workers(struct server_state *server);
