/* JSON for people: indented, and cut where it gets long. Thread: any. */
#pragma once

#include "base/buffer.h"

/* Appends `json` over several lines, printable (base/printable.h); what is no JSON is appended as
 * it is. At most `len_max` bytes, then "…". Its cost is that of reading `json` once, however deep.
 */
void observer_pretty_append(struct buffer *out, struct bytes json, size_t len_max);
