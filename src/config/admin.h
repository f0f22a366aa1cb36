/* Validates the administration listener's settings together. Thread: main, while loading. */
#pragma once

#include "config/config.h"

/* False, and one line in `error`, if the address is invalid, or reachable from other machines
 * without a token. */
bool config_admin_check(const struct config *config, struct buffer *error);
