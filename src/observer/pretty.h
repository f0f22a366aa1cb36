/* JSON for people: indented, and cut where it gets long. Thread: any. */
#pragma once

#include "base/buffer.h"

/* Appends `json` over several lines, printable (base/printable.h), `data` and `channel_data` as the
 * JSON that they hold; what is no JSON is appended as it is. At most `len_max` bytes, then "…". Its
 * cost is that of reading `json` a few times, however deep. */
void observer_pretty_append(struct buffer *out, struct bytes json, size_t len_max);
