#include "pusher/member.h"

#include "pusher/event.h"

bool pusher_member_show(struct channel_fanout *const *fanouts, struct channel *channel,
                        struct bytes user_id, struct bytes user_info, bool is_told,
                        struct buffer *scratch)
{
    if (!channel_presence_show(channel->presence, user_id, user_info))
        return false;
    if (is_told) {
        buffer_clear(scratch);
        pusher_event_member_added(scratch, channel_name(channel), user_id, user_info);
        channel_fanout_tell_in_order(fanouts, channel, buffer_bytes(scratch));
    }
    return true;
}

bool pusher_member_hide(struct channel_fanout *const *fanouts, struct channel *channel,
                        struct bytes user_id, struct buffer *scratch)
{
    if (!channel_presence_is_shown(channel->presence, user_id))
        return false;
    buffer_clear(scratch);
    pusher_event_member_removed(scratch, channel_name(channel), user_id);
    channel_presence_hide(channel->presence, user_id);
    channel_fanout_tell_in_order(fanouts, channel, buffer_bytes(scratch));
    return true;
}
