/* User ids of sign-in, presence members and watchlists: a string, or a number, which is treated as
 * its text. Pusher Channels, "User authentication". Thread: any. */
#pragma once

#include "base/jsonscan.h"

/* Whether it can be a user id: not empty and without control characters, which could make it look
 * like another user's. */
bool pusher_user_id_is_valid(struct bytes user_id);

/* The user id in `value`, borrowed from it or from `scratch`. False if it is another kind of value
 * or an invalid id. */
bool pusher_user_id_read(const struct jsonscan_value *value, struct buffer *scratch,
                         struct bytes *user_id);
