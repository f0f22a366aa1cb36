#include "api/health.h"

#include "api/api.h"

void api_health(struct http_conn *conn)
{
    api_respond_json(conn, 200, BYTES("{\"health\":\"OK\"}"));
}
