/* Thread: main. */
#pragma once

#include "config/config.h"

/* `config` may be NULL. */
void config_free(struct config *config);
