/* What of the configuration is looked at only at the start: a change of it that a reload passes
 * over must not go unsaid. Thread: main. */
#pragma once

#include "base/buffer.h"
#include "config/config.h"

/* Appends the names of what `asked` has otherwise than `now`, with commas. */
void server_restart_only_names(const struct config *now, const struct config *asked,
                               struct buffer *names);
