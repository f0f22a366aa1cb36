/* JSON for people: indented, and cut where it gets long. Thread: any. */
#pragma once

#include "base/buffer.h"

/* Appends `json` over several lines; what is no JSON is appended as it is. At most `len_max`
 * characters, then "…". */
void observer_pretty_append(struct buffer *out, struct bytes json, size_t len_max);

/* Appends `text` so that a terminal only shows it: control characters stand as \u00XX. */
void observer_pretty_append_harmless(struct buffer *out, struct bytes text);
