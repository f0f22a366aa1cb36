/* Resolves a setting: finds its value, validates it, stores it and records its source.
 *
 * Thread: main.
 */
#pragma once

#include "config/input.h"
#include "config/source.h"
#include "config/value.h"

/* `app` is an index in config->apps, or CONFIG_SOURCE_SERVER. */
bool config_resolve_one(struct config *config, const struct config_input *input,
                        const struct config_input_scope *scope,
                        const struct config_setting *setting, size_t app, struct buffer *error);
