/* The HTTP API: which request goes where. Pusher Channels, "HTTP API reference".
 *
 * Thread: owner, each worker has one. A request is answered before api_handle() returns, but for
 * what is asked of the cluster: that is answered later (api/later.h).
 */
#pragma once

#include "http/conn.h"
#include "pusher/hub.h"

struct cluster;

struct api {
    struct pusher_hub *hub;
    struct cluster *cluster; /* NULL: this node is alone */
    struct bytes path;       /* the prefix: "" or "/prefix" */
    bool is_debug;           /* a refused signature says what should have been signed */
    /* Where a browser connects: the request asks for a WebSocket. */
    void (*on_websocket)(struct pusher_hub *hub, struct http_conn *conn,
                         const struct http_request *request, struct bytes key);
};

/* A request that has come through: its app exists, its signature is right. */
struct api_call {
    struct api *api;
    struct http_conn *conn;
    const struct http_request *request;
    struct pusher_app *app;
    struct bytes argument; /* the channel or user its path names, decoded; or absent */
};

void api_handle(struct api *api, struct http_conn *conn, const struct http_request *request);

/* Answers a call. */
void api_respond_json(struct http_conn *conn, unsigned status, struct bytes json);
void api_respond_text(struct http_conn *conn, unsigned status, struct bytes text);
