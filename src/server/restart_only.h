/* What of the configuration is looked at only at the start: a change of it that a reload passes
 * over must not go unsaid. Thread: main. */
#pragma once

#include "config/config.h"

/* Warns of what `asked` has otherwise than `now`. */
void server_restart_only_warn(const struct config *now, const struct config *asked);
