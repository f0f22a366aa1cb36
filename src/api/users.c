#include "api/users.h"

#include "base/jsonwrite.h"
#include "pusher/terminate.h"

static void write_users(struct buffer *json, struct channel *channel)
{
    buffer_append_text(json, "{\"users\":[");
    channel_registry_lock_state(channel);
    for (size_t i = 0; i < channel_presence_count(channel->presence); i++) {
        buffer_append_text(json, i > 0 ? ",{\"id\":" : "{\"id\":");
        jsonwrite_string(json, channel_presence_user_id(channel_presence_at(channel->presence, i)));
        buffer_append_char(json, '}');
    }
    channel_registry_unlock_state(channel);
    buffer_append_text(json, "]}");
}

void api_users_of_channel(struct api_call *call)
{
    struct buffer json = {0};
    struct channel *channel;

    if (!channel_kind_of(call->argument).is_presence) {
        api_respond_text(call->conn, 400, BYTES("Only presence channels know their users."));
        return;
    }
    channel = channel_registry_find(call->app->channels, call->argument);
    if (channel == NULL || atomic_load(&channel->subscriptions_count) == 0) {
        api_respond_text(call->conn, 404, BYTES("The channel is not occupied."));
    } else {
        write_users(&json, channel);
        api_respond_json(call->conn, 200, buffer_bytes(&json));
        buffer_deinit(&json);
    }
    if (channel != NULL)
        channel_unref(channel);
}

void api_users_terminate(struct api_call *call)
{
    pusher_terminate_user(call->api->hub, call->app, call->argument);
    api_respond_json(call->conn, 200, BYTES("{}"));
}
