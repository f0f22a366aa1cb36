/* JSON for people: indented, and cut if it is long. Thread: any. */
#pragma once

#include "base/buffer.h"

/* Appends `json` over several lines, made printable (base/printable.h); `data` and `channel_data`
 * are shown as the JSON that they hold. Text that is no JSON is not indented. At most `len_max`
 * bytes, then "…". The cost is that of reading `json` a few times, however deep it is nested. */
void observer_pretty_append(struct buffer *out, struct bytes json, size_t len_max);
