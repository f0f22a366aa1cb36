/* The origins from which browsers may connect. RFC 6454. Thread: any. */
#pragma once

#include "config/config.h"

/* The host of `scheme://host[:port]`, with the brackets of an IPv6 address. Absent if `origin` has
 * another form: if it contains a user, a path or anything else, programs disagree on its host. */
struct bytes pusher_origin_host(struct bytes origin);

/* Whether the host of `origin` (the header's value, may be absent) matches one of the app's
 * patterns, in which `*` matches anything. The origin `null` is only allowed by its own name or by
 * a lone `*`. */
bool pusher_origin_is_allowed(const struct config_app *app, struct bytes origin);
