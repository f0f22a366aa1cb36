/* What a newcomer to a channel is told first: that it is subscribed, and who is there; and of a
 * cache channel the last event, or that there is none.
 *
 * Thread: any, under the channel's state lock. Each is written in `scratch`, and the caller's.
 */
#pragma once

#include "channel/registry.h"

struct ws_message *pusher_welcome_new(struct channel *channel, struct buffer *scratch);

/* NULL for other channels. */
struct ws_message *pusher_welcome_cached(struct channel *channel, uint64_t now_ms,
                                         struct buffer *scratch);
