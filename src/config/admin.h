/* The administration listener's settings, looked at together. Thread: main, while loading. */
#pragma once

#include "config/config.h"

/* False, and one line in `error`, if the address is none, or open to others without a token. */
bool config_admin_check(const struct config *config, struct buffer *error);
