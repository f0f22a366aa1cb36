/* The process that started this one, and is there as long as this one is: `php artisan
 * reverb:start`, or the minder of servers that follow one another.
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

bool server_supervision_is_child(const struct server_state *server);

/* Before the workers are made: who observes them. False, and one line in `error`. */
bool server_supervision_open(struct server_state *server, struct buffer *error);

/* Once the main loop is there. */
void server_supervision_start(struct server_state *server);

void server_supervision_lose_parent(struct server_state *server);
