/* The query of a URL, parameter by parameter, and percent escapes. RFC 3986, and what PHP's
 * parse_str() makes of `+`.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

/* Cuts the next `name=value` off `rest`; name and value stay as they were sent. False at the end.
 */
bool http_query_next(struct bytes *rest, struct bytes *name, struct bytes *value);

/* Appends `text` with its percent escapes decoded. `plus_is_space`: "+" means a space, as in a
 * query. An invalid escape stays as it is. */
void http_query_decode(struct buffer *out, struct bytes text, bool plus_is_space);
