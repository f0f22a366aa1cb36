/* How several servers act as one: resolves and validates the settings below `scaling`.
 *
 * Thread: main; config_scaling_split_host() any.
 */
#pragma once

#include "config/input.h"

/* Resolves all settings but `scaling.enabled`, which is resolved before. If it is enabled: false
 * and one line for an invalid value. If not, an invalid value is as if it were not given. */
bool config_scaling_resolve(struct config *config, const struct config_input *input,
                            const struct config_input_scope *scope, struct buffer *error,
                            struct buffer *warnings);

/* "host:port" or "[::1]:port"; `host` is a part of `text`, without brackets. */
bool config_scaling_split_host(struct bytes text, struct bytes *host, uint16_t *port);
