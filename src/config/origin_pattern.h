/* The patterns of `allowed_origins`: each is compared to the host of an `Origin`, with `*` for
 * anything. Thread: any. */
#pragma once

#include "base/bytes.h"

/* False if no host is like that: the pattern has a scheme, a port, a path or a space. */
bool config_origin_pattern_can_match(struct bytes pattern);

/* What a host that is no IPv6 address consists of (RFC 3986, "reg-name"), but for `%`. */
bool config_origin_pattern_is_host_char(char c);
