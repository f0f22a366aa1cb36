#include "api/health.h"

#include "cluster/cluster.h"

void api_health(const struct api *api, struct http_conn *conn)
{
    struct bytes json = BYTES("{\"health\":\"OK\"}");

    if (cluster_is_stalled(api->cluster)) {
        api_respond_json(conn, 503,
                         BYTES("{\"health\":\"the thread that speaks to Redis has stalled\","
                               "\"redis\":\"stalled\"}"));
        return;
    }
    if (api->cluster != NULL)
        json = cluster_is_connected(api->cluster)
                   ? BYTES("{\"health\":\"OK\",\"redis\":\"connected\"}")
                   : BYTES("{\"health\":\"OK\",\"redis\":\"away\"}");
    api_respond_json(conn, 200, json);
}
