/* What the browser's console asks for, over the administration listener: the live tail, the busiest
 * channels, the members of a channel, the nodes, and what it steers.
 *
 * A tail is polled: GET /tail?app=…&channel=…&event=…&user=… is answered with the lines since the
 * last time, and the number of its watcher in X-Reverb-Watcher, which the next request brings back
 * as `watcher`. A watcher that nobody asks for is removed after a while.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

/* Answers a page of the console's; false if it is of another kind. */
bool server_console_write(struct server_state *server, struct admin_page *page);

/* Removes watchers that nobody asks for. Once a second. */
void server_console_tick(struct server_state *server);

/* Removes all of them. */
void server_console_close(struct server_state *server);
