#include "api/health.h"

void api_health(const struct api_call *call)
{
    struct bytes json = BYTES("{\"health\":\"OK\"}");

    if (call->cluster != NULL && call->nodes->is_stalled(call->cluster)) {
        api_call_respond_json(call->conn, 503,
                              BYTES("{\"health\":\"the thread that speaks to Redis has stalled\","
                                    "\"redis\":\"stalled\"}"));
        return;
    }
    if (call->cluster != NULL)
        json = call->nodes->is_connected(call->cluster)
                   ? BYTES("{\"health\":\"OK\",\"redis\":\"connected\"}")
                   : BYTES("{\"health\":\"OK\",\"redis\":\"away\"}");
    api_call_respond_json(call->conn, 200, json);
}
