/* The apps: those listed in the file, else the one described by the environment.
 *
 * Thread: main.
 */
#pragma once

#include "config/input.h"

/* Fills config->apps. False and one line if there is none, or one is incomplete or a duplicate. A
 * warning for each origin pattern that cannot match. */
bool config_apps_load(struct config *config, const struct config_input *input, struct buffer *error,
                      struct buffer *warnings);
