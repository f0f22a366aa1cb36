#include "api/health.h"

static bool has_stalled_worker(const struct api_call *call)
{
    return call->stalled_workers_count != NULL && atomic_load(call->stalled_workers_count) > 0;
}

void api_health(const struct api_call *call)
{
    struct bytes json = BYTES("{\"health\":\"OK\"}");

    if (has_stalled_worker(call)) {
        api_call_respond_json(call->conn, 503, BYTES("{\"health\":\"a worker has stalled\"}"));
        return;
    }
    if (call->cluster != NULL && call->queries->is_stalled(call->cluster)) {
        api_call_respond_json(call->conn, 503,
                              BYTES("{\"health\":\"the thread that speaks to Redis has stalled\","
                                    "\"redis\":\"stalled\"}"));
        return;
    }
    if (call->is_lame_duck != NULL && atomic_load(call->is_lame_duck)) {
        api_call_respond_json(call->conn, 503,
                              BYTES("{\"health\":\"the server is about to end\"}"));
        return;
    }
    if (call->cluster != NULL)
        json = call->queries->is_connected(call->cluster)
                   ? BYTES("{\"health\":\"OK\",\"redis\":\"connected\"}")
                   : BYTES("{\"health\":\"OK\",\"redis\":\"away\"}");
    api_call_respond_json(call->conn, 200, json);
}
