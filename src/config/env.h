/* Reads `.env` as phpdotenv does, which is how Laravel reads it: quotes, escapes, `${NAME}`,
 * comments, `export`, values over several lines.
 *
 * Thread: main; `${NAME}` looks at the process environment, which beats the file.
 * Errors: one line with the file's name and the line's number, never what stands there.
 */
#pragma once

#include "base/buffer.h"

/* A larger file is refused, and so is a longer value. */
#define CONFIG_ENV_FILE_LEN_MAX ((size_t)1024 * 1024)
#define CONFIG_ENV_VALUE_LEN_MAX ((size_t)64 * 1024)

struct config_env_entry {
    char *name;
    char *value; /* NULL: a name without "=" takes an earlier value back */
};

struct config_env {
    struct config_env_entry *entries; /* in the file's order; of two the later counts */
    size_t count;
};

/* Adds what `text` says to `env`; `name` is the file's, for `error`. */
bool config_env_parse(struct config_env *env, struct bytes text, const char *name,
                      struct buffer *error);

/* What the file gives `name`; NULL where it gives nothing. */
const char *config_env_find(const struct config_env *env, const char *name);

/* The same with Laravel's meanings: (true), null, (empty) and so on, and quotes that survived.
 * Borrowed from `text` or from nobody; absent for null. */
struct bytes config_env_meaning(const char *text);

void config_env_deinit(struct config_env *env);
