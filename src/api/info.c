#include "api/info.h"

struct api_info api_info_parse(struct bytes list)
{
    struct api_info info = {0};
    struct bytes word;

    while (bytes_next(&list, ',', &word)) {
        word = bytes_trim(word);
        info.subscription_count |= bytes_equal(word, BYTES("subscription_count"));
        info.user_count |= bytes_equal(word, BYTES("user_count"));
        info.occupied |= bytes_equal(word, BYTES("occupied"));
        info.cache |= bytes_equal(word, BYTES("cache"));
    }
    return info;
}

static void append_key(struct buffer *out, size_t start, const char *key)
{
    if (out->len > start)
        buffer_append_char(out, ',');
    buffer_printf(out, "\"%s\":", key);
}

/* The kept event is `{"event":…,"channel":…,"data":…}`; its time to live joins it. */
static void append_kept(struct buffer *out, struct channel *channel, uint64_t now_ms)
{
    uint64_t ttl_ms;
    struct ws_message *kept = channel_registry_kept(channel, now_ms, &ttl_ms);
    struct bytes text;

    if (kept == NULL) {
        buffer_append_text(out, "null");
        return;
    }
    text = ws_message_text(kept);
    buffer_append(out, text.data, text.len - 1);
    buffer_append_text(out, ",\"ttl\":");
    buffer_append_number(out, (ttl_ms + 999) / 1000);
    buffer_append_char(out, '}');
    ws_message_unref(kept);
}

void api_info_write(struct buffer *out, struct api_info info, struct channel *channel,
                    uint64_t now_ms)
{
    const uint32_t count = channel ? atomic_load(&channel->subscriptions_count) : 0;
    size_t start;

    buffer_append_char(out, '{');
    start = out->len;
    if (info.occupied) {
        append_key(out, start, "occupied");
        buffer_append_text(out, count > 0 ? "true" : "false");
    }
    if (info.subscription_count && count > 0 && !channel->kind.is_presence) {
        append_key(out, start, "subscription_count");
        buffer_append_number(out, count);
    }
    if (channel != NULL && (channel->presence != NULL || channel->cache != NULL)) {
        channel_registry_lock_state(channel);
        if (info.user_count && count > 0 && channel->presence != NULL) {
            append_key(out, start, "user_count");
            buffer_append_number(out, channel_presence_count(channel->presence));
        }
        if (info.cache && channel->cache != NULL) {
            append_key(out, start, "cache");
            append_kept(out, channel, now_ms);
        }
        channel_registry_unlock_state(channel);
    }
    buffer_append_char(out, '}');
}
