/* What the operator reads: one line each on standard error, as text or as JSON.
 *
 * Thread: any; lines of several threads never mix. log_init() belongs to main.
 * Never give it a secret or a client's payload. Text from outside needs no care: each line is made
 * printable (base/printable.h) as a whole.
 */
#pragma once

#include "base/bytes.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_options {
    enum log_level level; /* what is less important is left out */
    bool json;
};

void log_init(struct log_options options);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes it all at once to what may be a pipe: nothing of another thread comes in between. Where
 * nobody reads, or the disk is full, it is dropped: a server does not stand still for its log.
 * False where it, or a part of it, was. */
bool log_write(int fd, struct bytes text);

/* A warning for each line that is not empty. */
void log_warn_lines(struct bytes lines);
