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

/* What is known of a channel, from this node or from the cluster. */
struct facts {
    struct channel_kind kind;
    uint32_t subscription_count;
    uint32_t user_count;
    struct bytes cached; /* a JSON object; absent: no cached event */
    uint64_t cached_ttl_ms;
};

static void append_key(struct buffer *out, size_t start, const char *key)
{
    if (out->len > start)
        buffer_append_char(out, ',');
    buffer_printf(out, "\"%s\":", key);
}

/* The cached event is `{"event":…,"channel":…,"data":…}`; its time to live is added to the object.
 */
static void append_cached(struct buffer *out, const struct facts *facts)
{
    buffer_append(out, facts->cached.data, facts->cached.len - 1);
    buffer_append_text(out, ",\"ttl\":");
    buffer_append_number(out, (facts->cached_ttl_ms + 999) / 1000);
    buffer_append_char(out, '}');
}

static void write_facts(struct buffer *out, struct api_info info, const struct facts *facts)
{
    const bool is_occupied = facts->subscription_count > 0;
    size_t start;

    buffer_append_char(out, '{');
    start = out->len;
    if (info.occupied) {
        append_key(out, start, "occupied");
        buffer_append_text(out, is_occupied ? "true" : "false");
    }
    if (info.subscription_count && is_occupied && !facts->kind.is_presence) {
        append_key(out, start, "subscription_count");
        buffer_append_number(out, facts->subscription_count);
    }
    if (info.user_count && is_occupied && facts->kind.is_presence) {
        append_key(out, start, "user_count");
        buffer_append_number(out, facts->user_count);
    }
    if (info.cache && facts->kind.is_cache && facts->cached.len > 0) {
        append_key(out, start, "cache");
        append_cached(out, facts);
    }
    buffer_append_char(out, '}');
}

/* Returns the cached event, as a reference that the caller owns, or NULL. */
static struct ws_message *gather_state(struct channel *channel, uint64_t now_ms,
                                       struct facts *facts)
{
    struct ws_message *cached = NULL;

    channel_registry_lock_state(channel);
    if (channel->presence != NULL)
        facts->user_count = (uint32_t)channel_presence_count(channel->presence);
    if (channel->cache != NULL)
        cached = channel_registry_cached(channel, now_ms, &facts->cached_ttl_ms);
    channel_registry_unlock_state(channel);
    if (cached != NULL)
        facts->cached = ws_message_text(cached);
    return cached;
}

void api_info_write_local(struct buffer *out, struct api_info info, struct channel *channel,
                          uint64_t now_ms)
{
    struct facts facts = {0};
    struct ws_message *cached = NULL;

    if (channel != NULL) {
        facts.kind = channel->kind;
        facts.subscription_count = atomic_load(&channel->subscriptions_count);
        if (info.user_count || info.cache)
            cached = gather_state(channel, now_ms, &facts);
    }
    write_facts(out, info, &facts);
    if (cached != NULL)
        ws_message_unref(cached);
}

void api_info_write_cluster(struct buffer *out, struct api_info info,
                            const struct cluster_query_channel *channel)
{
    const struct facts facts = {
        .kind = channel_kind_of(channel->name),
        .subscription_count = channel->subscription_count,
        .user_count = channel->user_count,
        .cached = ws_message_text_of_frame(channel->cached),
        .cached_ttl_ms = channel->cached_ttl_ms,
    };

    write_facts(out, info, &facts);
}
