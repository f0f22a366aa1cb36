#include "pusher/member.h"

#include "channel/publish.h"
#include "pusher/encode.h"

bool pusher_member_list(const struct channel_fanout_set *fanouts, struct channel *channel,
                        struct bytes user_id, struct bytes user_info, bool is_notified,
                        struct buffer *scratch)
{
    if (!channel_presence_list(channel->presence, user_id, user_info))
        return false;
    if (is_notified) {
        buffer_clear(scratch);
        pusher_encode_member_added(scratch, channel_name(channel), user_id, user_info);
        channel_publish_text_in_order(fanouts, channel, buffer_bytes(scratch));
    }
    return true;
}

bool pusher_member_unlist(const struct channel_fanout_set *fanouts, struct channel *channel,
                          struct bytes user_id, struct buffer *scratch)
{
    if (!channel_presence_is_listed(channel->presence, user_id))
        return false;
    buffer_clear(scratch);
    pusher_encode_member_removed(scratch, channel_name(channel), user_id);
    channel_presence_unlist(channel->presence, user_id);
    channel_publish_text_in_order(fanouts, channel, buffer_bytes(scratch));
    return true;
}
