/* Finds misspelt variables in the environment and in `.env`.
 *
 * Thread: main.
 */
#pragma once

#include "config/input.h"

/* A warning for each unknown REVERB_… variable, with the nearest known one. */
void config_variables_check(const struct config_input *input, struct buffer *warnings);

/* Appends the variables of other servers that describe an app. */
void config_variables_name_others(const struct config_input *input, struct buffer *error);
