/* A member of a presence channel comes or goes: the channel's subscribers on all workers are told,
 * in order with its other changes. Pusher Channels, "Presence channels".
 *
 * Thread: any, under the channel's state lock. `scratch` is the caller's, and is overwritten.
 */
#pragma once

#include "channel/fanout.h"

/* False where it is shown already. `is_notified`: else it is shown to nobody but who asks. */
bool pusher_member_list(struct channel_fanout *const *fanouts, struct channel *channel,
                        struct bytes user_id, struct bytes user_info, bool is_notified,
                        struct buffer *scratch);

/* False where it is not shown. `user_id` may be the member's own. */
bool pusher_member_unlist(struct channel_fanout *const *fanouts, struct channel *channel,
                          struct bytes user_id, struct buffer *scratch);
