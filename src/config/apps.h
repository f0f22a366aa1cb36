/* The apps: those that the file lists, else the one that the environment describes.
 *
 * Thread: main.
 */
#pragma once

#include "config/input.h"

/* Fills config->apps. False and one line where there is none, or one is incomplete or twice. A
 * warning for each origin that none can match. */
bool config_apps_load(struct config *config, const struct config_input *input, struct buffer *error,
                      struct buffer *warnings);
