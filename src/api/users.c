#include "api/users.h"

#include "api/deferred.h"
#include "pusher/terminate.h"
#include "pusher/user_id.h"

static void take_users(struct api_deferred *deferred, const struct cluster_query_answer *page)
{
    api_members_write_cluster(&deferred->members, page);
}

static bool respond(struct api_deferred *deferred, struct http_conn *conn,
                    const struct cluster_query_answer *answer)
{
    struct api_members *members = &deferred->members;

    if (answer != NULL) {
        api_members_write_cluster(members, answer);
        api_members_end(members);
    } else if (!api_members_step(members, deferred->app->channels,
                                 buffer_bytes(&deferred->argument))) {
        return false;
    }
    if (members->is_occupied)
        api_call_respond_json(conn, 200, buffer_bytes(&members->json));
    else
        api_call_respond_text(conn, 404, BYTES("The channel is not occupied."));
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
    deferred->take = take_users;
    if (api_deferred_begin(deferred, call->conn, &caller))
        call->queries->users(call->cluster, &caller, bytes_of(call->app->id),
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
