/* Where a browser's page may come from. Thread: any. */
#pragma once

#include "config/config.h"

/* Whether the host of `origin` (the header's value, may be absent) matches one of the app's
 * patterns, in which `*` stands for anything. */
bool pusher_origin_is_allowed(const struct config_app *app, struct bytes origin);
