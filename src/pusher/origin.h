/* Where a browser's page may come from. RFC 6454. Thread: any. */
#pragma once

#include "config/config.h"

/* The host of `scheme://host[:port]`, with the brackets of an IPv6 address. Absent if that is not
 * all that `origin` is: with a user, a path or anything else in it, no two programs agree on the
 * host. */
struct bytes pusher_origin_host(struct bytes origin);

/* Whether the host of `origin` (the header's value, may be absent) matches one of the app's
 * patterns, in which `*` stands for anything. The origin `null` is
 * nobody's in particular, and only allowed by its own name or by a lone `*`. */
bool pusher_origin_is_allowed(const struct config_app *app, struct bytes origin);
