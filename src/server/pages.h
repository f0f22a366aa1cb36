/* The pages of the administration listener about this server.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

/* Before the workers start. False, and one line in `error`, if it cannot listen on its address. */
bool server_pages_open(struct server_state *server, struct buffer *error);
void server_pages_close(struct server_state *server);
