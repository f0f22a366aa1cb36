/* The patterns of `allowed_origins`: each is matched against the host of an `Origin`; `*` matches
 * anything. Thread: any. */
#pragma once

#include "base/bytes.h"

/* False if no host can match: the pattern has a scheme, a port, a path or a space. */
bool config_origin_pattern_can_match(struct bytes pattern);

/* Whether `c` may be in a host that is no IPv6 address (RFC 3986, "reg-name"), except `%`. */
bool config_origin_pattern_is_host_char(char c);
