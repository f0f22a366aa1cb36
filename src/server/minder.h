/* Which process stays for the process manager when servers succeed one another, and what comes to
 * this one for the service as a whole. How it stays: server/mind.h.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

/* The process that stays; 0 if the manager is notified of the new one instead. */
pid_t server_minder_pid(const struct server_state *server);

/* Whether this process stays, as a new one has succeeded it. */
bool server_minder_is_self(const struct server_state *server);

/* Hands the signal on to the new process of a restart, if there is one. */
void server_minder_hand_on(struct server_state *server, int number);
