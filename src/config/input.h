/* The sources of a setting's value, and which of them takes precedence.
 *
 * Thread: main.
 */
#pragma once

#include "config/config.h"
#include "config/env.h"
#include "config/file.h"

struct config_input {
    const struct config_options *options;
    struct config_env env;
    char *env_name; /* of the file that `env` was read from */
    struct config_file file;
};

/* One object of the file and its relation to the environment. */
struct config_input_scope {
    const json_t *object; /* NULL: the file does not have it */
    const char *path;     /* of the object in the file */
    bool is_listed_app;   /* the environment only fills in what its entry does not mention */
};

struct config_input_value {
    char *text;  /* NULL: no source gives it, the default counts */
    char *where; /* for people: "REVERB_HOST in .env" */
};

/* Finds the setting's text and its source. False and one line if that text cannot be a value. */
bool config_input_find(const struct config_input *input, const struct config_input_scope *scope,
                       const struct config_setting *setting, struct config_input_value *value,
                       struct buffer *error);

void config_input_value_deinit(struct config_input_value *value);
void config_input_deinit(struct config_input *input);
