/* One setting's value: from text into the struct, and back for `reverb config`.
 *
 * Thread: main.
 * Errors: one line with `where` the value came from, the value, and what would be right.
 */
#pragma once

#include "base/buffer.h"
#include "config/setting.h"

/* Only validates `text`. */
bool config_value_check(const struct config_setting *setting, const char *text, const char *where,
                        struct buffer *error);

/* Stores the value in the struct at `base`, which is a config or a config_app. */
bool config_value_set(const struct config_setting *setting, void *base, const char *text,
                      const char *where, struct buffer *error);

/* Whether the setting has the same value in both structs. */
bool config_value_equal(const struct config_setting *setting, const void *a, const void *b);

bool config_value_is_unset(const struct config_setting *setting, const void *base);

/* Appends the value for people to read; a secret masked. */
void config_value_print(const struct config_setting *setting, const void *base, struct buffer *out);

/* Frees the setting's value. */
void config_value_clear(const struct config_setting *setting, void *base);

/* Appends what would be right: "give a port from 0 to 65535". */
void config_value_expect(const struct config_setting *setting, struct buffer *error);
