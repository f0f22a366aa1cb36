/* The channel that reaches all connections of one user. Its name is `#server-to-user-`, followed by
 * the user's id. Pusher Channels, "Authorized connections". Thread: any. */
#pragma once

#include "base/bytes.h"

bool pusher_user_channel_is_one(struct bytes channel);

/* The user id of such a channel. */
struct bytes pusher_user_channel_user(struct bytes channel);
