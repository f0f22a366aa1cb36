/* Decides whether the server speaks TLS, and with which files.
 *
 * Thread: main.
 */
#pragma once

#include "config/config.h"

/* Whether the file, or the folder, of the server's setting at offset `at` can be read; `what` it is
 * for people. NULL `path` is none, and fine. */
bool config_tls_check_file(const struct config *config, size_t at, const char *path,
                           const char *what, bool is_folder, struct buffer *error);

/* Whether the server's setting at offset `at`, `crypto_method`, leaves a version that is spoken
 * here. NULL is any, and fine. */
bool config_tls_check_method(const struct config *config, size_t at, const char *method,
                             struct buffer *error, struct buffer *warnings);

/* After all settings are read. Finds the hostname's certificate if none is given, and checks that
 * the files can be read. False and one line if they cannot. */
bool config_tls_resolve(struct config *config, struct buffer *error, struct buffer *warnings);
