/* The target of a request, between the method and the version. RFC 9112 section 3.2, strictly as
 * RFC 3986 writes it: a byte that a URI may not hold or an incomplete escape is refused. Brackets
 * are allowed in a query: `info[]=a` is how most SDKs write it.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

/* Whether it is a path with or without a query, `*`, or a whole URL. The scheme and authority of a
 * URL are cut off: "http://host/path", the form that is sent to a proxy, means the same as "/path".
 */
bool http_target_read(struct bytes *target);
