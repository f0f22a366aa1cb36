/* Reads the configuration from all its sources, and validates it.
 *
 * Thread: main.
 */
#pragma once

#include "config/config.h"

/* Loads and validates everything. NULL on failure; `error` then holds a line for each mistake, with
 * the setting, its value and what would be right. `warnings` gets one line for each tolerable
 * problem. A secret is in neither. */
struct config *config_load(const struct config_options *options, struct buffer *error,
                           struct buffer *warnings);
