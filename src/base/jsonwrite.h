/* Writes JSON texts (RFC 8259 section 7) into a buffer.
 *
 * Thread: the buffer owner's.
 */
#pragma once

#include "base/buffer.h"

/* `text` between quotes, escaped. UTF-8 stays as it is. */
void jsonwrite_string(struct buffer *out, struct bytes text);

/* `text` escaped, without quotes: for a JSON text inside a JSON string. */
void jsonwrite_escaped(struct buffer *out, struct bytes text);
