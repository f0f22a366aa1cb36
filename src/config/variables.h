/* Variables of the environment and of `.env` that mean nothing here, and were meant to.
 *
 * Thread: main.
 */
#pragma once

#include "config/input.h"

/* A warning for each REVERB_… that nobody reads, with the nearest one that somebody does. */
void config_variables_check(const struct config_input *input, struct buffer *warnings);

/* Appends which variables of other servers name an app. */
void config_variables_name_others(const struct config_input *input, struct buffer *error);
