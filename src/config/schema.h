/* Which keys a configuration file may have, and the types of those that only Laravel reads.
 *
 * Thread: main.
 */
#pragma once

#include "config/file.h"

/* Checks the whole file except the entries of servers other than `server`. False, and one line for
 * each unknown key; a warning for each TLS option that is known but not supported. */
bool config_schema_check(const struct config_file *file, const char *server, struct buffer *error,
                         struct buffer *warnings);
