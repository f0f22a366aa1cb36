/* Reads whole small files.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

/* Appends all of `descriptor`; 0 or an errno, EFBIG if it is longer than `len_max`. */
int config_read_descriptor(int descriptor, size_t len_max, struct buffer *out);

/* Appends all of the file; 0 or an errno. */
int config_read_file(const char *path, size_t len_max, struct buffer *out);
