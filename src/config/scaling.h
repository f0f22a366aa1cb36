/* How several servers act as one: the settings below `scaling`, taken apart and judged.
 *
 * Thread: main; config_scaling_split_host() any.
 */
#pragma once

#include "config/input.h"

/* After `scaling.enabled` is settled: settles the rest. Where it is enabled, false and one line for
 * what cannot be; where not, what cannot be is as if it were not there. */
bool config_scaling_resolve(struct config *config, const struct config_input *input,
                            const struct config_input_scope *scope, struct buffer *error,
                            struct buffer *warnings);

/* "host:port" or "[::1]:port"; `host` is a part of `text`, without brackets. */
bool config_scaling_split_host(struct bytes text, struct bytes *host, uint16_t *port);
