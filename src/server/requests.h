/* Handles requests over the server's control socket, and the succession by a new process.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

extern const struct server_control_events server_requests_control;
extern const struct server_succession_events server_requests_succession;

/* Ends the server, for a signal of that number or a command that means the same, and with it what
 * was to succeed it. A pending restart request is answered: the server ends instead. */
void server_requests_end(struct server_state *server, int number, bool is_hastened);
