/* Signals, which are for the service as a whole: what comes to this process while another succeeds
 * it is handed on to that one.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

/* Begins to receive them; those that were held while the server started come now. */
void server_signals_watch(struct server_state *server);
