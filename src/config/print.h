/* Thread: main. */
#pragma once

#include "config/config.h"

/* The output of `reverb config`: one line a setting with its value and source; secrets masked. */
void config_print(const struct config *config, struct buffer *out);
