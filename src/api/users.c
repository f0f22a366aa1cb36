#include "api/users.h"

#include "api/deferred.h"
#include "base/jsonwrite.h"
#include "pusher/terminate.h"
#include "pusher/user_id.h"

static void append_user(struct buffer *json, struct bytes id, bool is_first)
{
    buffer_append_text(json, is_first ? "{\"id\":" : ",{\"id\":");
    jsonwrite_string(json, id);
    buffer_append_char(json, '}');
}

static void append_users_cluster(struct buffer *json, const struct cluster_query_answer *answer)
{
    for (size_t i = 0; i < answer->users_count; i++)
        append_user(json, answer->users[i], i == 0);
}

static void append_users_local(struct buffer *json, struct channel *channel)
{
    channel_registry_lock_state(channel);
    for (size_t i = 0; i < channel_presence_count(channel->presence); i++)
        append_user(json, channel_presence_user_id(channel_presence_at(channel->presence, i)),
                    i == 0);
    channel_registry_unlock_state(channel);
}

/* False if the channel has no subscriber. */
static bool append_users(const struct api_deferred *deferred,
                         const struct cluster_query_answer *answer, struct buffer *json)
{
    struct channel *channel;
    bool is_occupied;

    if (answer != NULL) {
        append_users_cluster(json, answer);
        return answer->channels_count > 0 && answer->channels[0].subscription_count > 0;
    }
    channel = channel_registry_find(deferred->app->channels, buffer_bytes(&deferred->argument));
    if (channel == NULL)
        return false;
    is_occupied = atomic_load(&channel->subscriptions_count) > 0;
    append_users_local(json, channel);
    channel_unref(channel);
    return is_occupied;
}

static bool respond(struct api_deferred *deferred, struct http_conn *conn,
                    const struct cluster_query_answer *answer)
{
    struct buffer json = {0};

    buffer_append_text(&json, "{\"users\":[");
    if (append_users(deferred, answer, &json)) {
        buffer_append_text(&json, "]}");
        api_call_respond_json(conn, 200, buffer_bytes(&json));
    } else {
        api_call_respond_text(conn, 404, BYTES("The channel is not occupied."));
    }
    buffer_deinit(&json);
    return true;
}

void api_users_of_channel(struct api_call *call)
{
    struct api_deferred *deferred;
    struct cluster_query_caller caller;

    if (!channel_kind_of(call->argument).is_presence) {
        api_call_respond_text(call->conn, 400, BYTES("Only presence channels know their users."));
        return;
    }
    deferred = api_deferred_new(call, respond, call->argument);
    if (api_deferred_begin(deferred, call->conn, &caller))
        call->nodes->users(call->cluster, &caller, bytes_of(call->app->id),
                           buffer_bytes(&deferred->argument));
}

void api_users_terminate(struct api_call *call)
{
    if (!pusher_user_id_is_valid(call->argument)) {
        api_call_respond_text(call->conn, 400, BYTES("A user's id holds no control characters."));
        return;
    }
    pusher_terminate_user(call->worker, call->app, call->argument);
    api_call_respond_json(call->conn, 200, BYTES("{}"));
}
