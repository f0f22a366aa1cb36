/* Evaluates a configuration file of Laravel with PHP.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"
#include "config/env.h"

#define CONFIG_PHP_TIMEOUT_MS 10000

/* Appends the JSON of the array that `file`, a path below the working directory, returns. `env` is
 * what `.env` says; PHP sees it below the process environment. False and one line if PHP fails
 * or takes longer than `timeout_ms`. */
bool config_php_evaluate(const char *php, const char *file, const struct config_env *env,
                         int timeout_ms, struct buffer *json, struct buffer *error);
