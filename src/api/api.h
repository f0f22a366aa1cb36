/* The HTTP API: which request goes where. Pusher Channels, "HTTP API reference".
 *
 * Thread: owner, each worker has one. A request is answered before api_handle() returns, but for
 * what is asked of the cluster: that is answered later (api/deferred.h); and one with a large body
 * may be handled at the end of the turn (api/md5_batch.h). A long list is written at the ends of
 * several turns (api/slices.h).
 */
#pragma once

#include "api/md5_batch.h"
#include "api/slices.h"
#include "http/conn.h"
#include "pusher/worker.h"

struct api_parameters;
struct cluster;

struct api {
    struct pusher_worker *worker;
    struct cluster *cluster; /* NULL: this node is alone */
    struct bytes path;       /* the prefix: "" or "/prefix" */
    bool is_debug;           /* a refused signature says what should have been signed */
    struct api_md5_batch md5_batch;
    struct api_slices slices;
    /* Where a browser connects: the request asks for a WebSocket. */
    void (*on_websocket)(struct pusher_worker *worker, struct http_conn *conn,
                         const struct http_request *request, struct bytes key);
};

/* A request that has come through: its app exists, its signature is right. */
struct api_call {
    struct api *api;
    struct http_conn *conn;
    const struct http_request *request;
    const struct api_parameters *parameters;
    struct pusher_app *app;
    struct bytes argument; /* the channel or user its path names, decoded; or absent */
    const char *body_md5;  /* DIGEST_MD5_HEX_LEN digits where they are known already, else NULL */
};

void api_handle(struct api *api, struct http_conn *conn, const struct http_request *request);

/* Before the turn's events are sent. */
void api_end_turn(struct api *api);

/* After every connection has closed. */
void api_close(struct api *api);

/* The same at once; `body_md5` as in a call. */
void api_handle_digested(struct api *api, struct http_conn *conn,
                         const struct http_request *request, const char *body_md5);

/* Answers a call. */
void api_respond_json(struct http_conn *conn, unsigned status, struct bytes json);
void api_respond_text(struct http_conn *conn, unsigned status, struct bytes text);
