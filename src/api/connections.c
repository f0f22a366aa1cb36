#include "api/connections.h"

void api_connections(struct api_call *call)
{
    struct buffer json = {0};

    buffer_append_text(&json, "{\"connections\":");
    buffer_append_number(&json, atomic_load(&call->app->connections_count));
    buffer_append_char(&json, '}');
    api_respond_json(call->conn, 200, buffer_bytes(&json));
    buffer_deinit(&json);
}
