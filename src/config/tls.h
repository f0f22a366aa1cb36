/* Decides whether the server speaks TLS, and with which files.
 *
 * Thread: main.
 */
#pragma once

#include "config/config.h"

/* After all settings are read. Finds the hostname's certificate where none is given, and looks
 * whether the files can be read. False and one line where they cannot. */
bool config_tls_settle(struct config *config, struct buffer *error, struct buffer *warnings);
