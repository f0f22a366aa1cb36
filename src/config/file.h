/* The configuration file: JSON of the shape of Laravel's config/reverb.php.
 *
 * Thread: main.
 * Errors: one line with the file's name and the position, never the text there.
 */
#pragma once

#include "base/buffer.h"
#include "config/setting.h"

#include <jansson.h>

struct config_file {
    json_t *root; /* NULL: there is no file */
    char *name;   /* for messages */
    /* Laravel made it with the environment in effect: it takes precedence over the environment. */
    bool is_resolved;
    bool is_laravel; /* made from config/reverb.php, whose env() reads the environment */
};

/* Reads and parses the file; "-" is standard input, named `name` in messages. */
bool config_file_load(struct config_file *file, const char *path, const char *name,
                      struct buffer *error);

/* The same for a text that was received in another way than over standard input. */
bool config_file_take(struct config_file *file, const char *text, const char *name,
                      struct buffer *error);

bool config_file_parse(struct config_file *file, struct bytes text, const char *name,
                       struct buffer *error);

void config_file_deinit(struct config_file *file);

/* The value at `key`, whose parts are joined by dots; NULL if there is none. */
json_t *config_file_find(const json_t *object, const char *key);

/* `value` as the text the setting is made of, for the caller to free; *text is NULL for null.
 * False if the setting cannot be made of such a value. */
bool config_file_text(const struct config_setting *setting, const json_t *value, const char *where,
                      char **text, struct buffer *error);

/* PHP writes an empty array for an empty object: NULL is neither an object nor that. */
bool config_file_is_object(const json_t *value);

/* The elements of a list, which PHP writes as an object if it has gaps: an array, for the caller to
 * release. Empty if there is no list. */
json_t *config_file_elements(const json_t *list);
