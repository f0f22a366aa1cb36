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

/* Whether a connection to the server at `host`, an address of this machine or a Unix socket, must
 * begin with a header of the PROXY protocol if it comes from this machine too. */
bool config_trusted_proxies_need_header(const struct config *config, const char *host,
                                        bool is_socket);

/* The ranges; free() their list. */
struct ip_ranges config_trusted_proxies_read(const struct config *config);
