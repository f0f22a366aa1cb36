/* Requests whose bodies wait for their MD5, which is part of the signature. Hashing several bodies
 * at one time takes little more than hashing one (base/md5.h), and under load one turn of the loop
 * brings several. A signed request with a large body is therefore deferred to the end of the turn:
 * then all bodies are hashed together, and the requests are handled in the order in which they
 * came.
 *
 * Requests of one connection keep their order. A small request may be handled before a large one
 * that came earlier in the same turn on another connection: neither of them had an answer yet.
 *
 * Thread: owner, each worker has one. Life: zero-initialised is empty. A connection that closes
 * while its request waits is left out.
 */
#pragma once

#include "http/conn.h"

#define API_MD5_BATCH_COUNT_MAX 256

/* Handles a request whose body has that MD5: DIGEST_MD5_HEX_LEN digits. */
typedef void (*api_md5_batch_fn)(struct http_conn *conn, const struct http_request *request,
                                 const char *body_md5, void *user);

struct api_md5_batch {
    /* Handling a request at the end of the turn may bring up the next one of its connection: these
     * are collected in the other half. */
    struct http_conn_deferral waiting[2][API_MD5_BATCH_COUNT_MAX];
    size_t half;       /* the half in which they are collected */
    size_t count;      /* of the requests in it */
    size_t left_count; /* of the other half: hashed and about to be handled */
    bool is_ending;    /* the turn is ending */
};

/* Whether the request now waits. False: the caller handles it at once, because its body is too
 * small or too large, no other request waits, or too many do. */
bool api_md5_batch_defer(struct api_md5_batch *batch, const struct net_loop *loop,
                         struct http_conn *conn, const struct http_request *request);

/* Handles the requests that wait. Call it before the turn's events are sent, so that theirs are
 * among them, except those that go to other workers by mail. */
void api_md5_batch_end_turn(struct api_md5_batch *batch, api_md5_batch_fn handle, void *user);
