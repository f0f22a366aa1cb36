#include "api/connections.h"

#include "api/deferred.h"

static bool respond(struct api_deferred *deferred, struct http_conn *conn,
                    const struct cluster_query_answer *answer)
{
    struct buffer json = {0};

    buffer_append_text(&json, "{\"connections\":");
    buffer_append_number(&json, answer ? answer->connections_count
                                       : atomic_load(&deferred->app->connections_count));
    buffer_append_char(&json, '}');
    api_call_respond_json(conn, 200, buffer_bytes(&json));
    buffer_deinit(&json);
    return true;
}

void api_connections(struct api_call *call)
{
    struct api_deferred *deferred = api_deferred_new(call, respond, BYTES_NONE);
    struct cluster_query_caller caller;

    if (api_deferred_begin(deferred, call->conn, &caller))
        call->queries->connections(call->cluster, &caller, bytes_of(call->app->id));
}
