/* The first messages to a newcomer: that it is subscribed, with the members of a presence channel;
 * and for a cache channel the cached event, or that there is none.
 *
 * Thread: any, under the channel's state lock. Each is encoded in `scratch` and owned by the
 * caller.
 */
#pragma once

#include "channel/registry.h"

struct ws_message *pusher_welcome_new(struct channel *channel, struct buffer *scratch);

/* Whether a newcomer of the channel will be sent a cache_miss. */
bool pusher_welcome_is_cache_miss(struct channel *channel, uint64_t now_ms);

/* NULL for other channels. */
struct ws_message *pusher_welcome_cached(struct channel *channel, uint64_t now_ms,
                                         struct buffer *scratch);
