/* Reads the configuration in the folder of a Laravel application.
 *
 * Thread: main; the folder is the working directory.
 */
#pragma once

#include "config/input.h"

#define CONFIG_LARAVEL_FILE "config/reverb.php"

/* Whether the folder has an `artisan` file. */
bool config_laravel_is_here(void);

/* Reads the environment file: the one that the options name, which must be there; else in a
 * Laravel folder `.env.$APP_ENV` if that is there, as Laravel does; else `.env`, if any. */
bool config_laravel_read_env(struct config_input *input, struct buffer *error);

/* Has PHP evaluate config/reverb.php; without PHP or that file, `file` stays empty. */
bool config_laravel_evaluate(struct config_file *file, const struct config_env *env,
                             struct buffer *error, struct buffer *warnings);
