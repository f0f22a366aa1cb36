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

/* What is known of a channel, wherever it comes from. */
struct facts {
    struct channel_kind kind;
    uint32_t subscription_count;
    uint32_t user_count;
    struct bytes kept; /* a JSON object; absent: no event is kept */
    uint64_t kept_ttl_ms;
};

static void append_key(struct buffer *out, size_t start, const char *key)
{
    if (out->len > start)
        buffer_append_char(out, ',');
    buffer_printf(out, "\"%s\":", key);
}

/* The kept event is `{"event":…,"channel":…,"data":…}`; its time to live joins it. */
static void append_kept(struct buffer *out, const struct facts *facts)
{
    if (facts->kept.len == 0) {
        buffer_append_text(out, "null");
        return;
    }
    buffer_append(out, facts->kept.data, facts->kept.len - 1);
    buffer_append_text(out, ",\"ttl\":");
    buffer_append_number(out, (facts->kept_ttl_ms + 999) / 1000);
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
    if (info.cache && facts->kind.is_cache && (is_occupied || facts->kept.len > 0)) {
        append_key(out, start, "cache");
        append_kept(out, facts);
    }
    buffer_append_char(out, '}');
}

/* Answers the kept event, a reference for the caller, or NULL. */
static struct ws_message *gather_state(struct channel *channel, uint64_t now_ms,
                                       struct facts *facts)
{
    struct ws_message *kept = NULL;

    channel_registry_lock_state(channel);
    if (channel->presence != NULL)
        facts->user_count = (uint32_t)channel_presence_count(channel->presence);
    if (channel->cache != NULL)
        kept = channel_registry_kept(channel, now_ms, &facts->kept_ttl_ms);
    channel_registry_unlock_state(channel);
    if (kept != NULL)
        facts->kept = ws_message_text(kept);
    return kept;
}

void api_info_write_local(struct buffer *out, struct api_info info, struct channel *channel,
                          uint64_t now_ms)
{
    struct facts facts = {0};
    struct ws_message *kept = NULL;

    if (channel != NULL) {
        facts.kind = channel->kind;
        facts.subscription_count = atomic_load(&channel->subscriptions_count);
        if (info.user_count || info.cache)
            kept = gather_state(channel, now_ms, &facts);
    }
    write_facts(out, info, &facts);
    if (kept != NULL)
        ws_message_unref(kept);
}

void api_info_write_cluster(struct buffer *out, struct api_info info,
                            const struct cluster_ask_channel *channel)
{
    const struct facts facts = {
        .kind = channel_kind_of(channel->name),
        .subscription_count = channel->subscription_count,
        .user_count = channel->user_count,
        .kept = ws_message_text_of_frame(channel->kept),
        .kept_ttl_ms = channel->kept_ttl_ms,
    };

    write_facts(out, info, &facts);
}
