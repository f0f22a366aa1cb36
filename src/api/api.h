/* The HTTP API: which request goes where. Pusher Channels, "HTTP API reference".
 *
 * Thread: owner, each worker has one. A request is answered before api_handle() returns, but for
 * what is asked of the cluster: that is answered later (api/deferred.h); and one with a large body
 * may be handled at the end of the turn (api/md5_batch.h). A long list is written at the ends of
 * several turns (api/slices.h).
 */
#pragma once

#include "api/md5_batch.h"
#include "api/nodes.h"
#include "api/slices.h"
#include "http/conn.h"
#include "pusher/worker.h"

struct api {
    struct pusher_worker *worker;
    struct cluster *cluster;       /* NULL: this node is alone */
    const struct api_nodes *nodes; /* NULL: the cluster's own */
    struct bytes path;             /* the prefix: "" or "/prefix" */
    bool is_debug;                 /* a refused signature says what should have been signed */
    struct api_md5_batch md5_batch;
    struct api_slices slices;
    /* Where a browser connects: the request asks for a WebSocket. */
    void (*on_websocket)(struct pusher_worker *worker, struct http_conn *conn,
                         const struct http_request *request, struct bytes key);
};

void api_handle(struct api *api, struct http_conn *conn, const struct http_request *request);

/* Before the turn's events are sent. */
void api_end_turn(struct api *api);

/* After every connection has closed. */
void api_close(struct api *api);
