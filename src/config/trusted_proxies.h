/* The proxies that may say who a client is: the setting `trusted_proxies`.
 *
 * Thread: any.
 */
#pragma once

#include "base/ip.h"
#include "config/config.h"

/* False, and one line in `error`, if an entry is no address or range, or if there is none although
 * `proxy_protocol` is on. */
bool config_trusted_proxies_check(const struct config *config, struct buffer *error);

/* The ranges; free() their list. */
struct ip_ranges config_trusted_proxies_read(const struct config *config);
