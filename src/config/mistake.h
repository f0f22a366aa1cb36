/* Several mistakes of one configuration: each is a line of the error.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

/* Begins another mistake: what is appended next belongs to it. */
void config_mistake_next(struct buffer *error);

/* Makes each mistake exactly one line: values of the operator that it quotes may have line ends. */
void config_mistake_finish(struct buffer *error);
