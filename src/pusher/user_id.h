/* What names a user, for sign-in, members and watchlists alike: a string, or a number, which counts
 * as its text. Pusher Channels, "User authentication". Thread: any. */
#pragma once

#include "base/jsonscan.h"

/* The user that `value` names, borrowed from it or from `scratch`. False if it names none: another
 * kind of value, an empty text, or one with control characters, which is shown as somebody else. */
bool pusher_user_id_read(const struct jsonscan_value *value, struct buffer *scratch,
                         struct bytes *user_id);
