/* A request that has passed the checks, and how it is answered.
 *
 * Thread: owner, the worker of its connection. Life: until its handler returns.
 */
#pragma once

#include "api/cluster_queries.h"
#include "http/conn.h"
#include "pusher/worker.h"

struct api_parameters;

struct api_call {
    struct pusher_worker *worker;
    struct cluster *cluster; /* NULL: no cluster */
    const struct api_cluster_queries *queries;
    const atomic_size_t *stalled_workers_count; /* NULL: nobody looks */
    const atomic_bool *is_lame_duck;            /* NULL: it never is */
    bool is_debug; /* a refused signature is answered with the text to sign */
    struct http_conn *conn;
    const struct http_request *request;
    const struct api_parameters *parameters;
    struct pusher_app *app;
    struct bytes argument; /* the channel or user in the path, decoded; or absent */
    const char *body_md5;  /* DIGEST_MD5_HEX_LEN digits if already known, else NULL */
};

void api_call_respond_json(struct http_conn *conn, unsigned status, struct bytes json);
void api_call_respond_text(struct http_conn *conn, unsigned status, struct bytes text);
