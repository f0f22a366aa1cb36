/* Which keys a configuration file may have, and of which type those are that only Laravel reads.
 *
 * Thread: main.
 */
#pragma once

#include "config/file.h"

/* Looks at the whole file but the entries of other servers than `server`. False and one line for a
 * key that is not known; a warning for each TLS option that is known and cannot be honoured. */
bool config_schema_check(const struct config_file *file, const char *server, struct buffer *error,
                         struct buffer *warnings);
