/* Text from outside, escaped so that it cannot control a terminal or forge a log line: a control
 * character (C0, DEL, C1), a line separator, or a character that changes the direction of writing
 * is written as `\n` or `\u001b`; a byte that is not UTF-8 as `\x9b`.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

#include <stdio.h>

void printable_append(struct buffer *out, struct bytes text);

/* The same for a JSON text: the result is one line of JSON with the same meaning. */
void printable_append_json(struct buffer *out, struct bytes json);

/* Prints one line, made printable as a whole; the newline is added. */
void printable_print(FILE *file, struct bytes text);
void printable_print_line(FILE *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
