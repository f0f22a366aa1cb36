#include "pusher/rate_limit.h"

bool pusher_rate_limit_take(struct pusher_rate_limit *limit,
                            const struct config_rate_limiting *settings, uint64_t now_ms)
{
    const uint32_t now_s = (uint32_t)(now_ms / 1000);

    if (!settings->enabled)
        return true;
    if (limit->attempts_count == 0 || now_s >= limit->stretch_ends_s) {
        limit->attempts_count = 0;
        limit->stretch_ends_s = now_s + settings->decay_s;
    }
    if (limit->attempts_count >= settings->max_attempts)
        return false;
    limit->attempts_count++;
    return true;
}
