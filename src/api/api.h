/* The HTTP API: finds the handler of each request. Pusher Channels, "HTTP API reference".
 *
 * Thread: owner, each worker has one. A request is answered before api_handle() returns, with three
 * exceptions: a query to the cluster is answered when its answer comes (api/deferred.h), a request
 * with a large body may be handled at the end of the turn (api/md5_batch.h), and a long list is
 * written at the ends of several turns (net/slices.h).
 */
#pragma once

#include "api/cluster_queries.h"
#include "api/md5_batch.h"
#include "http/conn.h"
#include "pusher/worker.h"

struct api {
    struct pusher_worker *worker;
    struct cluster *cluster;                    /* NULL: no cluster */
    const struct api_cluster_queries *queries;  /* NULL: the real cluster's */
    const atomic_size_t *stalled_workers_count; /* NULL: nobody looks */
    const atomic_bool *is_lame_duck;            /* NULL: it never is; see server/ending.h */
    struct bytes path;                          /* the prefix: "" or "/prefix" */
    bool is_debug; /* a refused signature is answered with the text to sign */
    struct api_md5_batch md5_batch;
    /* A request for a WebSocket, to the app of that key. */
    void (*on_websocket)(struct pusher_worker *worker, struct http_conn *conn,
                         const struct http_request *request, struct bytes key);
};

void api_handle(struct api *api, struct http_conn *conn, const struct http_request *request);

/* Call it before the turn's events are sent. */
void api_end_turn(struct api *api);
