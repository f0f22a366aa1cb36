/* Several mistakes of one configuration: each is a line of the error.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

/* What is appended from now on is another mistake. */
void config_mistake_next(struct buffer *error);

/* What the operator gave may hold line ends, and each mistake is one line: keeps to that. */
void config_mistake_finish(struct buffer *error);
