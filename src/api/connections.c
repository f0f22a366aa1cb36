#include "api/connections.h"

#include "api/later.h"

static void respond(const struct api_later *later, struct http_conn *conn,
                    const struct cluster_ask_answer *answer)
{
    struct buffer json = {0};

    buffer_append_text(&json, "{\"connections\":");
    buffer_append_number(&json, answer ? answer->connections_count
                                       : atomic_load(&later->app->connections_count));
    buffer_append_char(&json, '}');
    api_respond_json(conn, 200, buffer_bytes(&json));
    buffer_deinit(&json);
}

void api_connections(struct api_call *call)
{
    struct api_later *later = api_later_new(call, respond, BYTES_NONE);
    struct cluster_ask_caller asker;

    if (api_later_begin(later, call->conn, &asker))
        cluster_ask_connections(call->api->cluster, &asker, bytes_of(call->app->id));
}
