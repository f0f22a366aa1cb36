/* The restart-only settings: a reload reports a change of them, because it does not apply it.
 * Thread: main. */
#pragma once

#include "base/buffer.h"
#include "config/config.h"

/* Appends the names of the settings that differ between `asked` and `now`, with commas. */
void server_restart_only_names(const struct config *now, const struct config *asked,
                               struct buffer *names);
