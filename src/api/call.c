#include "api/call.h"

void api_call_respond_json(struct http_conn *conn, unsigned status, struct bytes json)
{
    http_conn_respond(conn, &(struct http_response){.status = status,
                                                    .content_type = BYTES("application/json"),
                                                    .body = json});
}

void api_call_respond_text(struct http_conn *conn, unsigned status, struct bytes text)
{
    http_conn_respond(conn,
                      &(struct http_response){.status = status,
                                              .content_type = BYTES("text/plain; charset=utf-8"),
                                              .body = text});
}
