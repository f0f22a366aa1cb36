/* Handles requests over the server's control socket, and the succession by a new process.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

extern const struct server_control_events server_requests_control;
extern const struct server_succession_events server_requests_succession;

/* Answers a pending restart request: the server ends instead. */
void server_requests_answer_end(struct server_state *server);
