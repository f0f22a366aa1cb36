/* Text from outside, written so that a terminal or a log only shows it: a control character (C0,
 * DEL, C1), a line separator or a character that turns the direction of writing stands as `\n`
 * or `\u001b`, a byte that is no UTF-8 as `\x9b`.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

#include <stdio.h>

void printable_append(struct buffer *out, struct bytes text);

/* The same for a JSON text, which stays one that says the same, and one line. */
void printable_append_json(struct buffer *out, struct bytes json);

/* Prints one line, made printable as a whole; its end is added. */
void printable_print_line(FILE *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
