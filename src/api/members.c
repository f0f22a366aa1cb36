#include "api/members.h"

#include "base/jsonwrite.h"

#include <string.h>

/* Users written in one step: some 20 µs. */
#define STEP_COUNT 256

void api_members_deinit(struct api_members *members)
{
    buffer_deinit(&members->json);
    buffer_deinit(&members->ids);
}

static void append_user(struct buffer *json, struct bytes id)
{
    buffer_append_text(json, json->len == 0 ? "{\"users\":[{\"id\":" : ",{\"id\":");
    jsonwrite_string(json, id);
    buffer_append_char(json, '}');
}

void api_members_end(struct api_members *members)
{
    buffer_append_text(&members->json, members->json.len == 0 ? "{\"users\":[]}" : "]}");
}

/* --- this node's list ----------------------------------------------------------------------- */

/* Under the state lock: copying is all that is done there. */
static void copy_ids(struct buffer *ids, const struct channel_presence *presence)
{
    for (size_t i = 0; i < channel_presence_count(presence); i++) {
        const struct bytes id = channel_presence_user_id(channel_presence_at(presence, i));
        const uint32_t len = (uint32_t)id.len;

        buffer_append(ids, &len, sizeof len);
        buffer_append_bytes(ids, id);
    }
}

static void read_channel(struct api_members *members, struct channel_registry *channels,
                         struct bytes name)
{
    struct channel *channel = channel_registry_find(channels, name);

    members->has_ids = true;
    if (channel == NULL)
        return;
    members->is_occupied = atomic_load(&channel->subscriptions_count) > 0;
    channel_registry_lock_state(channel);
    copy_ids(&members->ids, channel->presence);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void write_next(struct api_members *members)
{
    uint32_t len;

    memcpy(&len, members->ids.data + members->written, sizeof len);
    append_user(&members->json,
                (struct bytes){members->ids.data + members->written + sizeof len, len});
    members->written += sizeof len + len;
}

bool api_members_step(struct api_members *members, struct channel_registry *channels,
                      struct bytes name)
{
    if (!members->has_ids)
        read_channel(members, channels, name);
    for (size_t i = 0; i < STEP_COUNT && members->written < members->ids.len; i++)
        write_next(members);
    if (members->written < members->ids.len)
        return false;
    api_members_end(members);
    return true;
}

/* --- the cluster's -------------------------------------------------------------------------- */

void api_members_write_cluster(struct api_members *members,
                               const struct cluster_query_answer *answer)
{
    for (size_t i = 0; i < answer->users_count; i++)
        append_user(&members->json, answer->users[i]);
    members->is_occupied = answer->channels_count > 0 && answer->channels[0].subscription_count > 0;
}
