/* How many messages a client may send: `max_attempts` in `decay_s`, counted from the first one of a
 * stretch, as Laravel's limiter does. Thread: owner. */
#pragma once

#include "config/config.h"

/* Zero-initialised is the start. */
struct pusher_rate_limit {
    uint32_t attempts_count;
    uint32_t stretch_ends_s; /* on the loop's clock */
};

/* Counts one message; false where it is one too many. */
bool pusher_rate_limit_take(struct pusher_rate_limit *limit,
                            const struct config_rate_limiting *settings, uint64_t now_ms);
