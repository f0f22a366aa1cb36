/* The HTTP side of a connection: requests in, one after the other, responses out in that order.
 * Keep-alive, pipelining, chunked bodies, Expect: 100-continue. RFC 9112.
 *
 * The response or the whole request may be deferred. The requests behind it then wait, and beyond a
 * limit nothing more is read.
 *
 * Thread: owner. Life: http_conn_open() until the peer or a time limit ends it, or another protocol
 * takes the connection over; it frees itself.
 * Memory: a request that arrives whole is handled in the read buffer; only one that arrives in
 * pieces is copied.
 */
#pragma once

#include "http/request.h"
#include "http/response.h"
#include "net/conn.h"
#include "net/proxy_header.h"

struct http_conn;

/* A request whose response or handling is deferred. The struct lies in the memory of the handler
 * that defers it. */
struct http_conn_deferral {
    struct http_conn *conn; /* NULL once it is answered or handled, or its connection is gone */
};

typedef void (*http_conn_handle_fn)(struct http_conn *conn, const struct http_request *request,
                                    void *user);

/* What the response to a request is counted for: its handler's. */
struct http_conn_label {
    void *owner;
    unsigned number;
};

/* What the connections of one worker share. */
struct http_conn_settings {
    struct list conns;        /* the open ones, the longest silent first; list_init() it */
    size_t request_bytes_max; /* head and body together */
    /* Before it returns, it answers with http_conn_respond(), defers the response or the request,
     * or takes the connection over. */
    void (*on_request)(struct http_conn *conn, const struct http_request *request);
    /* Each response; `label` is zero if its handler has set none. NULL: nobody counts. */
    void (*on_responded)(struct http_conn *conn, struct http_conn_label label, unsigned status);
    /* Whose X-Forwarded-For and Forwarded count; NULL: nobody's. */
    const struct ip_ranges *trusted_proxies;
    void *user;
};

/* Takes `fd`; `settings` is borrowed for the life of the connection. NULL if the system refuses.
 */
struct http_conn *http_conn_open(struct net_loop *loop, int fd, struct net_tls *tls,
                                 struct http_conn_settings *settings);

/* The same for a trusted proxy's connection that has begun with `header`: the client whom it names
 * counts as the peer. If it names none, the proxy is the client, whatever the requests say. */
struct http_conn *http_conn_open_proxied(struct net_loop *loop, int fd, struct net_tls *tls,
                                         const struct net_proxy_header *header,
                                         struct http_conn_settings *settings);

void *http_conn_user(const struct http_conn *conn);

/* Borrowed: for who the peer is. */
const struct net_conn *http_conn_net(const struct http_conn *conn);

/* Whether the limits of its address (of the whole server) allow the request being handled. */
bool http_conn_is_allowed(const struct http_conn *conn);

/* For the request being handled, until it is answered: whoever defers the response keeps `owner`
 * alive. */
void http_conn_set_label(struct http_conn *conn, void *owner, unsigned number);

/* Ends the connections in order: each after its current response, which says so to the client, and
 * with `ends_idle` also those that have none. A connection that was accepted a moment ago stays for
 * its first request: call this again.
 *
 * A client may send a request at the moment at which its idle connection is closed, and cannot know
 * whether it was handled. So the caller waits with `ends_idle`: clients that are busy end by a
 * response meanwhile. */
void http_conn_finish_all(struct http_conn_settings *settings, bool ends_idle);

/* Closes at once the connections that have sent their last response and given the client time to
 * close its side. */
void http_conn_close_answered(struct http_conn_settings *settings);

/* Closes the connection that has been silent longest, to make room for another; false if all are
 * busy. */
bool http_conn_evict(struct http_conn_settings *settings);

/* Closes all at once, in whatever state they are. */
void http_conn_close_all(struct http_conn_settings *settings);

/* Defers the response: the request being handled is answered once, after its handler has returned,
 * by http_conn_respond() with the deferral's connection. Nothing of the request may be kept.
 * `deferral` must stay until its connection is NULL. The only time limit is the caller's own. */
void http_conn_defer_response(struct http_conn *conn, struct http_conn_deferral *deferral);

/* Defers the request: the one being handled is handled later instead, once, by http_conn_resume()
 * with the deferral's connection. The connection keeps the request meanwhile. `deferral` must stay
 * until its connection is NULL. The only time limit is the caller's own. */
void http_conn_defer_request(struct http_conn *conn, struct http_conn_deferral *deferral);

/* The body of a deferred request; borrowed until more is read from any connection. */
struct bytes http_conn_deferred_body(const struct http_conn *conn);

/* Hands a deferred request to `handle`, which does what `on_request` does but must not defer the
 * request again. Then hands the requests behind it to `on_request`, and sends the answers. If the
 * connection is closing, nothing is handled. */
void http_conn_resume(struct http_conn *conn, http_conn_handle_fn handle, void *user);

/* Answers the request being handled, or the one whose response is deferred: once. After a deferred
 * response, requests behind it may be handled before this returns. */
void http_conn_respond(struct http_conn *conn, const struct http_response *response);

/* For a protocol that takes over while its request is handled. Returns the connection, on which the
 * protocol must call net_conn_hand_over(). `rest` gets what came behind the request, borrowed until
 * `on_request` returns. */
struct net_conn *http_conn_take_over(struct http_conn *conn, struct bytes *rest);
