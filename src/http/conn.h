/* The HTTP side of a connection: requests in, one after the other, responses out in that order.
 * Keep-alive, pipelining, chunked bodies, Expect: 100-continue. RFC 9112.
 *
 * A request may be answered later, or handled later: those behind it wait, as do their bytes beyond
 * a limit.
 *
 * Thread: owner. Life: http_conn_open() until the peer or a time limit ends it, or another protocol
 * takes the connection over; it frees itself.
 * Memory: a request that arrives whole is handled where it was received; only one that arrives in
 * pieces is copied together.
 */
#pragma once

#include "http/request.h"
#include "http/response.h"
#include "net/conn.h"

struct http_conn;

/* A request that is answered or handled later; in the memory of whoever holds it. */
struct http_conn_deferral {
    struct http_conn *conn; /* NULL once it is answered or handled, or its connection is gone */
};

typedef void (*http_conn_handle_fn)(struct http_conn *conn, const struct http_request *request,
                                    void *user);

/* What the connections of one worker share. */
struct http_conn_settings {
    struct list conns;        /* all that are open, the longest silent first; list_init() it */
    size_t request_bytes_max; /* head and body together */
    /* Answers with http_conn_respond(), holds or postpones the request, or takes the connection
     * over, before it returns. */
    void (*on_request)(struct http_conn *conn, const struct http_request *request);
    void *user;
};

/* Takes `fd`; `settings` is borrowed for the life of the connection. NULL where the system refuses.
 */
struct http_conn *http_conn_open(struct net_loop *loop, int fd, struct net_tls *tls,
                                 struct http_conn_settings *settings);

void *http_conn_user(const struct http_conn *conn);

/* No further request is begun: idle connections close now, the others after their response. Who
 * was only just accepted has a moment to ask: call it again. */
void http_conn_finish_all(struct http_conn_settings *settings);

/* Closes at once who has had its last response, and would have had time to close its side. */
void http_conn_close_answered(struct http_conn_settings *settings);

/* Closes the one that has been silent longest, to make room for another; false where all are busy.
 */
bool http_conn_evict(struct http_conn_settings *settings);

/* At once, whatever they are in the middle of. */
void http_conn_close_all(struct http_conn_settings *settings);

/* The request being handled is answered after its handler has returned, once, by calling
 * http_conn_respond() with the hold's connection; nothing of the request may be kept. `deferral`
 * stays until its connection is NULL. No time limit but the holder's. */
void http_conn_defer_response(struct http_conn *conn, struct http_conn_deferral *deferral);

/* The request being handled is handled later, once, by http_conn_resume() with the hold's
 * connection, which keeps the request meanwhile. `deferral` stays until its connection is NULL. No
 * time limit but the holder's. */
void http_conn_defer_request(struct http_conn *conn, struct http_conn_deferral *deferral);

/* The body of a postponed request; borrowed until more is read from any connection. */
struct bytes http_conn_deferred_body(const struct http_conn *conn);

/* Hands a postponed request to `handle`, which does what `on_request` does but must not postpone it
 * again; to `on_request` those behind it; and sends the answers. Where the connection is closing
 * nothing is handled. */
void http_conn_resume(struct http_conn *conn, http_conn_handle_fn handle, void *user);

/* Answers the request being handled, or held: once. Of a held one the requests behind it may be
 * handled before it returns. */
void http_conn_respond(struct http_conn *conn, const struct http_response *response);

/* For a protocol that takes over while its request is handled: the connection, on which it must
 * call net_conn_hand_over(), and what came behind the request, borrowed until `on_request` returns.
 */
struct net_conn *http_conn_take_over(struct http_conn *conn, struct bytes *rest);
