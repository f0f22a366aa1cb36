/* Bodies that wait for their MD5, with which their requests are signed. Several at one time are
 * hashed in little more than the time of one (base/md5.h), and under load several are there in one
 * turn of the loop: a signed request with a large body is postponed to its end, where all of them
 * are hashed together and then handled in the order in which they came.
 *
 * Requests of one connection keep their order. Of two connections a small request may be handled
 * before a large one that came earlier in the same turn: whoever sent it had no answer to the
 * other.
 *
 * Thread: owner, each worker has one. Life: zero-initialised is empty. A connection that closes
 * while it waits is left out.
 */
#pragma once

#include "http/conn.h"

#define API_MD5_BATCH_COUNT_MAX 256

/* Handles a request whose body has that MD5: DIGEST_MD5_HEX_LEN digits. */
typedef void (*api_md5_batch_fn)(struct http_conn *conn, const struct http_request *request,
                                 const char *body_md5, void *user);

struct api_md5_batch {
    /* Those that are handled at the end of the turn may bring others, from behind them on their
     * connections: these gather in the other half. */
    struct http_conn_deferral waiting[2][API_MD5_BATCH_COUNT_MAX];
    size_t half;       /* where they gather */
    size_t count;      /* there */
    size_t left_count; /* in the other half: have their MD5 and are about to be handled */
    bool is_ending;    /* the turn is */
};

/* Whether the request now waits. False: the caller handles it at once, for it has no body worth it,
 * or would be alone, or too many wait. */
bool api_md5_batch_defer(struct api_md5_batch *batch, const struct net_loop *loop,
                         struct http_conn *conn, const struct http_request *request);

/* Handles those that wait. Before the turn's events are sent, so that theirs are among them, but
 * for those that go by mail. */
void api_md5_batch_end_turn(struct api_md5_batch *batch, api_md5_batch_fn handle, void *user);
