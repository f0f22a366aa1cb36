/* What the parser lets pass although others would read it differently: a request of two meanings is
 * how one is smuggled past a proxy. RFC 9112 sections 2.2, 3, 5 and 7.1.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

/* The length of the head at the start of a request, its empty line included; 0 where it has no end.
 */
size_t http_strict_head_len(struct bytes request);

/* A request line of three words, then lines of a name, a colon and a value; each ends in CR LF,
 * none is folded, none but one is Transfer-Encoding, and there is no other CR or LF. */
bool http_strict_is_head(struct bytes head);

/* A body in chunks, as long as `body`: each of a size, its bytes and CR LF, the last of size 0,
 * then lines and an empty one. */
bool http_strict_is_chunked(struct bytes body);
