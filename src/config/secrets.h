/* Keeps the secrets of a file out of what is said about it: an operator may have put one in the
 * place of another setting, and a mistake quotes what stands there.
 *
 * Thread: main, while loading.
 */
#pragma once

#include "base/buffer.h"

#include <jansson.h>

/* Writes asterisks over each secret of the file that stands in `text`. `root` may be NULL. */
void config_secrets_mask(const json_t *root, struct buffer *text);
