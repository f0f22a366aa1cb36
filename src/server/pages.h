/* What the administration listener shows of this server.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

/* Before the workers start: an address that cannot be had ends the start, with one line in `error`.
 */
bool server_pages_open(struct server_state *server, struct buffer *error);
void server_pages_close(struct server_state *server);
