/* How many messages a client may send: `max_attempts` in a window of `decay_s` that begins with its
 * first message, as in Laravel's limiter. Thread: owner. */
#pragma once

#include "config/config.h"

/* Starts zero-initialised. */
struct pusher_rate_limit {
    uint32_t attempts_count;
    uint32_t stretch_ends_s; /* on the loop's clock */
};

/* Counts one message; false if it exceeds the limit. */
bool pusher_rate_limit_take(struct pusher_rate_limit *limit,
                            const struct config_rate_limiting *settings, uint64_t now_ms);
