#include "pusher/encode.h"

#include "base/jsonwrite.h"

/* `{"event":"NAME"`, and the channel if there is one. */
static void begin(struct buffer *out, const char *event, struct bytes channel)
{
    buffer_append_text(out, "{\"event\":\"");
    buffer_append_text(out, event);
    buffer_append_char(out, '"');
    if (channel.data != NULL) {
        buffer_append_text(out, ",\"channel\":");
        jsonwrite_string(out, channel);
    }
}

/* A JSON string inside the string `data`. */
static void append_inner_string(struct buffer *out, struct bytes text)
{
    struct buffer json = {0};

    jsonwrite_string(&json, text);
    jsonwrite_escaped(out, buffer_bytes(&json));
    buffer_deinit(&json);
}

void pusher_encode_connection_established(struct buffer *out, struct bytes socket_id,
                                          uint32_t activity_timeout_s)
{
    begin(out, "pusher:connection_established", BYTES_NONE);
    buffer_append_text(out, ",\"data\":\"{\\\"socket_id\\\":\\\"");
    buffer_append_bytes(out, socket_id);
    buffer_append_text(out, "\\\",\\\"activity_timeout\\\":");
    buffer_append_number(out, activity_timeout_s);
    buffer_append_text(out, "}\"}");
}

void pusher_encode_error(struct buffer *out, enum pusher_error error)
{
    begin(out, "pusher:error", BYTES_NONE);
    buffer_append_text(out, ",\"data\":{\"code\":");
    buffer_append_number(out, pusher_error_code(error));
    buffer_append_text(out, ",\"message\":\"");
    buffer_append_bytes(out, pusher_error_text(error));
    buffer_append_text(out, "\"}}");
}

void pusher_encode_ping(struct buffer *out)
{
    buffer_append_text(out, "{\"event\":\"pusher:ping\"}");
}

void pusher_encode_pong(struct buffer *out)
{
    buffer_append_text(out, "{\"event\":\"pusher:pong\"}");
}

void pusher_encode_subscription_succeeded(struct buffer *out, struct bytes channel,
                                          struct bytes presence)
{
    begin(out, "pusher_internal:subscription_succeeded", channel);
    if (presence.data == NULL) {
        buffer_append_text(out, ",\"data\":\"{}\"}");
        return;
    }
    buffer_append_text(out, ",\"data\":\"{\\\"presence\\\":");
    buffer_append_bytes(out, presence);
    buffer_append_text(out, "}\"}");
}

void pusher_encode_subscription_error(struct buffer *out, struct bytes channel,
                                      enum pusher_error error)
{
    const bool is_limit = error == PUSHER_ERROR_TOO_MANY_SUBSCRIPTIONS ||
                          error == PUSHER_ERROR_TOO_MANY_MEMBERS ||
                          error == PUSHER_ERROR_TOO_MUCH_UNREAD;

    begin(out, "pusher:subscription_error", channel);
    buffer_append_text(out, ",\"data\":{\"type\":\"");
    buffer_append_text(out, is_limit ? "LimitReached" : "AuthError");
    buffer_append_text(out, "\",\"error\":\"");
    buffer_append_bytes(out, pusher_error_text(error));
    buffer_append_text(out, "\",\"status\":");
    buffer_append_number(out, is_limit ? 429 : 401);
    buffer_append_text(out, "}}");
}

void pusher_encode_subscription_count(struct buffer *out, struct bytes channel, size_t count)
{
    begin(out, "pusher_internal:subscription_count", channel);
    buffer_append_text(out, ",\"data\":\"{\\\"subscription_count\\\":");
    buffer_append_number(out, count);
    buffer_append_text(out, "}\"}");
}

void pusher_encode_member_added(struct buffer *out, struct bytes channel, struct bytes user_id,
                                struct bytes user_info_json)
{
    begin(out, "pusher_internal:member_added", channel);
    buffer_append_text(out, ",\"data\":\"{\\\"user_id\\\":");
    append_inner_string(out, user_id);
    buffer_append_text(out, ",\\\"user_info\\\":");
    jsonwrite_escaped(out, user_info_json);
    buffer_append_text(out, "}\"}");
}

void pusher_encode_member_removed(struct buffer *out, struct bytes channel, struct bytes user_id)
{
    begin(out, "pusher_internal:member_removed", channel);
    buffer_append_text(out, ",\"data\":\"{\\\"user_id\\\":");
    append_inner_string(out, user_id);
    buffer_append_text(out, "}\"}");
}

void pusher_encode_cache_miss(struct buffer *out, struct bytes channel)
{
    begin(out, "pusher:cache_miss", channel);
    buffer_append_char(out, '}');
}

void pusher_encode_signin_success(struct buffer *out, struct bytes user_data)
{
    begin(out, "pusher:signin_success", BYTES_NONE);
    buffer_append_text(out, ",\"data\":\"{\\\"user_data\\\":");
    append_inner_string(out, user_data);
    buffer_append_text(out, "}\"}");
}

void pusher_encode_watchlist(struct buffer *out, struct bytes name, const struct bytes *user_ids,
                             size_t user_ids_count)
{
    begin(out, "pusher_internal:watchlist_events", BYTES_NONE);
    buffer_append_text(out, ",\"data\":\"{\\\"events\\\":[{\\\"name\\\":\\\"");
    buffer_append_bytes(out, name);
    buffer_append_text(out, "\\\",\\\"user_ids\\\":[");
    for (size_t i = 0; i < user_ids_count; i++) {
        if (i > 0)
            buffer_append_char(out, ',');
        append_inner_string(out, user_ids[i]);
    }
    buffer_append_text(out, "]}]}\"}");
}

void pusher_encode_broadcast(struct buffer *out, struct bytes event_json, struct bytes channel_json,
                             struct bytes data_json, struct bytes user_id)
{
    buffer_reserve(out, 64 + event_json.len + channel_json.len + data_json.len + user_id.len);
    buffer_append_text(out, "{\"event\":");
    buffer_append_bytes(out, event_json);
    buffer_append_text(out, ",\"channel\":");
    buffer_append_bytes(out, channel_json);
    if (data_json.data != NULL) {
        buffer_append_text(out, ",\"data\":");
        buffer_append_bytes(out, data_json);
    }
    if (user_id.data != NULL) {
        buffer_append_text(out, ",\"user_id\":");
        jsonwrite_string(out, user_id);
    }
    buffer_append_char(out, '}');
}
