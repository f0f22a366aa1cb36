#include "server/listing.h"

#include "base/jsonwrite.h"
#include "channel/presence.h"
#include "channel/registry.h"

#define MEMBERS_COUNT_MAX 200
#define INFO_LEN_MAX 500

static void write_member(struct buffer *out, const struct channel_presence_member *member,
                         struct buffer *info)
{
    struct bytes text;

    buffer_clear(info);
    channel_presence_user_info(member, info);
    text = buffer_bytes(info);
    if (text.len > INFO_LEN_MAX) {
        text.len = INFO_LEN_MAX;
        while (text.len > 0 && ((unsigned char)text.data[text.len] & 0xc0) == 0x80)
            text.len--; /* not within a character */
    }
    buffer_append_text(out, out->data[out->len - 1] == '[' ? "{\"id\":" : ",{\"id\":");
    jsonwrite_string(out, channel_presence_user_id(member));
    buffer_append_text(out, ",\"info\":");
    jsonwrite_string(out, text);
    buffer_append_char(out, '}');
}

/* Workers wait for the lock: of a long list only the beginning is written. */
static void write_list(struct buffer *out, struct channel *channel)
{
    struct buffer info = {0};
    size_t count;

    channel_registry_lock_state(channel);
    count = channel->presence != NULL ? channel_presence_count(channel->presence) : 0;
    buffer_printf(out, "{\"count\":%zu,\"members\":[", count);
    for (size_t i = 0; i < count && i < MEMBERS_COUNT_MAX; i++)
        write_member(out, channel_presence_at(channel->presence, i), &info);
    channel_registry_unlock_state(channel);
    buffer_append_text(out, "]}\n");
    buffer_deinit(&info);
}

void server_listing_write_members(struct buffer *out, struct pusher_app *app, struct bytes name)
{
    struct channel *channel = channel_registry_find(app->channels, name);

    if (channel == NULL) {
        buffer_append_text(out, "{\"count\":0,\"members\":[]}\n");
        return;
    }
    write_list(out, channel);
    channel_unref(channel);
}

void server_listing_write_nodes(struct buffer *out, struct cluster *cluster)
{
    buffer_append_text(out, "{\"nodes\":");
    if (cluster != NULL)
        cluster_write_nodes(cluster, out);
    else
        buffer_append_text(out, "[]");
    buffer_append_text(out, "}\n");
}
