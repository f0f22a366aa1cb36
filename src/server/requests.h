/* What is asked of the server over its control socket, and how a new process takes its place.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

extern const struct server_control_events server_requests_control;
extern const struct server_succession_events server_requests_succession;

/* Who waits for a restart learns that the server ends instead. */
void server_requests_answer_end(struct server_state *server);

/* The process that stays for the process manager's sake once a new one serves; 0: none. */
pid_t server_requests_minder(const struct server_state *server);
