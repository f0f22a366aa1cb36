/* The log: each entry is one line on standard error, as text or as JSON.
 *
 * Thread: any; lines of several threads never mix. log_init(): main.
 * Never log a secret or a client's payload. Text from outside needs no care: each line is made
 * printable (base/printable.h) as a whole.
 */
#pragma once

#include "base/bytes.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_options {
    enum log_level level; /* less important lines are dropped */
    bool json;
};

void log_init(struct log_options options);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes `text` without another thread's output in between. If nothing reads the pipe, or the disk
 * is full, the text is dropped: the server never blocks on its log. False if any of it was dropped.
 */
bool log_write(int fd, struct bytes text);

/* Logs a warning for each line that is not empty. */
void log_warn_lines(struct bytes lines);
