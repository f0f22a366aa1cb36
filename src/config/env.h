/* Reads `.env` as phpdotenv does, which is how Laravel reads it: quotes, escapes, `${NAME}`,
 * comments, `export`, values over several lines.
 *
 * Thread: main; `${NAME}` reads the process environment first, then the file.
 * Errors: one line with the file's name and the line number, never the text of that line.
 */
#pragma once

#include "base/buffer.h"

/* A larger file or a longer value is refused. */
#define CONFIG_ENV_FILE_LEN_MAX ((size_t)1024 * 1024)
#define CONFIG_ENV_VALUE_LEN_MAX ((size_t)64 * 1024)

struct config_env_entry {
    char *name;
    char *value; /* NULL: a name without "=" removes an earlier value */
};

struct config_env {
    struct config_env_entry *entries; /* in the file's order; a later one overrides */
    size_t count;
};

/* Adds the variables in `text` to `env`; `name` is the file's, for `error`. */
bool config_env_parse(struct config_env *env, struct bytes text, const char *name,
                      struct buffer *error);

/* The value of `name`; NULL if the file gives none. */
const char *config_env_find(const struct config_env *env, const char *name);

/* The same with Laravel's meanings: (true), null, (empty) and so on, and quotes that survived.
 * Borrowed from `text` or static; absent for null. */
struct bytes config_env_meaning(const char *text);

void config_env_deinit(struct config_env *env);
