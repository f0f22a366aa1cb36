/* What names a user, for sign-in, members and watchlists alike: a string, or a number, which counts
 * as its text. Pusher Channels, "User authentication". Thread: any. */
#pragma once

#include "base/jsonscan.h"

/* Whether it can name a user: not an empty text, nor one with control characters, which is shown as
 * somebody else. */
bool pusher_user_id_is_valid(struct bytes user_id);

/* The user that `value` names, borrowed from it or from `scratch`. False if it names none: another
 * kind of value, or a text that cannot. */
bool pusher_user_id_read(const struct jsonscan_value *value, struct buffer *scratch,
                         struct bytes *user_id);
