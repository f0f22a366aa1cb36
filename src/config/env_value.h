/* The right side of a line of `.env`: quotes, escapes and comments, as phpdotenv reads them.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

/* A value before its variables are filled in. */
struct config_env_value {
    struct buffer text;
    struct buffer dollars; /* size_t each: where in `text` a `$` may begin a `${NAME}` */
};

/* NULL, or an error message, which never quotes the value. Release with deinit either way. */
const char *config_env_value_parse(struct config_env_value *value, struct bytes text);

size_t config_env_value_dollars(const struct config_env_value *value);
size_t config_env_value_dollar(const struct config_env_value *value, size_t index);

void config_env_value_deinit(struct config_env_value *value);
