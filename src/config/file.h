/* The configuration file: JSON of the shape of Laravel's config/reverb.php.
 *
 * Thread: main.
 * Errors: one line with the file's name and the place, never what stands there.
 */
#pragma once

#include "base/buffer.h"
#include "config/setting.h"

#include <jansson.h>

struct config_file {
    json_t *root; /* NULL: there is no file */
    char *name;   /* for messages */
    /* Laravel handed it over: what it says has seen the environment already and beats it. */
    bool is_resolved;
    bool is_laravel; /* made from config/reverb.php, whose env() reads the environment */
};

/* Reads and parses the file; "-" is standard input, which messages call `name`. */
bool config_file_load(struct config_file *file, const char *path, const char *name,
                      struct buffer *error);

/* The same for what standard input would say, where it was said in another way. */
bool config_file_take(struct config_file *file, const char *text, const char *name,
                      struct buffer *error);

bool config_file_parse(struct config_file *file, struct bytes text, const char *name,
                       struct buffer *error);

void config_file_deinit(struct config_file *file);

/* What stands at `key`, whose parts are joined by dots; NULL where nothing does. */
json_t *config_file_find(const json_t *object, const char *key);

/* `value` as the text the setting is made of, for the caller to free; *text is NULL for null.
 * False where the setting cannot be made of such a value. */
bool config_file_text(const struct config_setting *setting, const json_t *value, const char *where,
                      char **text, struct buffer *error);

/* PHP writes an empty array for an empty object: NULL is neither an object nor that. */
bool config_file_is_object(const json_t *value);

/* How many elements a list has; 0 where there is none. */
size_t config_file_count(const json_t *list);

/* The n-th element of a list; PHP writes a list with gaps as an object. NULL past the end. */
json_t *config_file_element(const json_t *list, size_t index);
