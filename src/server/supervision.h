/* The process that started this one and lives as long as this one: `php artisan reverb:start`, or
 * the minder (server/mind.h).
 *
 * Thread: main.
 */
#pragma once

#include "server/state.h"

bool server_supervision_is_child(const struct server_state *server);

/* Before the workers are made: sets their observers. False, and one line in `error`, if it fails.
 */
bool server_supervision_open(struct server_state *server, struct buffer *error);

/* After the main loop is open. */
void server_supervision_start(struct server_state *server);

void server_supervision_lose_parent(struct server_state *server);
