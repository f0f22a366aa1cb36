/* Lists and unlists members of a presence channel, and notifies the channel's subscribers on all
 * workers, in order with its other changes. Pusher Channels, "Presence channels".
 *
 * Thread: any, under the channel's state lock. `scratch` is the caller's, and is overwritten.
 */
#pragma once

#include "channel/fanout.h"

/* False if it is listed already. Subscribers are notified only if `is_notified`. */
bool pusher_member_list(const struct channel_fanout_set *fanouts, struct channel *channel,
                        struct bytes user_id, struct bytes user_info, bool is_notified,
                        struct buffer *scratch);

/* False if it is not listed. `user_id` may be the member's own. */
bool pusher_member_unlist(const struct channel_fanout_set *fanouts, struct channel *channel,
                          struct bytes user_id, struct buffer *scratch);
