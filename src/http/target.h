/* The target of a request: what stands between the method and the version. RFC 9112 section 3.2, to
 * the letter of RFC 3986: what may not stand in a URI is refused, an escape must be whole. Brackets
 * may stand in a query: `info[]=a` is how most SDKs write it.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

/* Whether it is a path with or without a query, `*`, or a URL with both, whose scheme and authority
 * are then cut off: "http://host/path", as a proxy may be sent it, means the same as "/path". */
bool http_target_read(struct bytes *target);
