#include "pusher/user_channel.h"

#define PREFIX BYTES("#server-to-user-")

bool pusher_user_channel_is_one(struct bytes channel)
{
    return bytes_starts_with(channel, PREFIX);
}

struct bytes pusher_user_channel_user(struct bytes channel)
{
    return bytes_from(channel, PREFIX.len);
}
