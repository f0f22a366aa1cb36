#include "pusher/welcome.h"

#include "pusher/encode.h"

struct ws_message *pusher_welcome_new(struct channel *channel, struct buffer *scratch)
{
    buffer_clear(scratch);
    pusher_encode_subscription_succeeded(
        scratch, channel_name(channel),
        channel->presence ? channel_presence_snapshot(channel->presence) : BYTES_NONE);
    return ws_message_new(buffer_bytes(scratch));
}

bool pusher_welcome_is_cache_miss(struct channel *channel, uint64_t now_ms)
{
    struct ws_message *cached;
    uint64_t ttl_ms;

    if (channel->cache == NULL)
        return false;
    cached = channel_registry_cached(channel, now_ms, &ttl_ms);
    ws_message_unref(cached);
    return cached == NULL;
}

struct ws_message *pusher_welcome_cached(struct channel *channel, uint64_t now_ms,
                                         struct buffer *scratch)
{
    struct ws_message *cached;
    uint64_t ttl_ms;

    if (channel->cache == NULL)
        return NULL;
    cached = channel_registry_cached(channel, now_ms, &ttl_ms);
    if (cached != NULL)
        return cached;
    buffer_clear(scratch);
    pusher_encode_cache_miss(scratch, channel_name(channel));
    return ws_message_new(buffer_bytes(scratch));
}
