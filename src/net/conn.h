/* One connection, plain or TLS: bytes in, bytes out, a timer.
 *
 * Thread: owner, whose loop it is in.
 * Life: net_conn_open() to `on_closed`, which comes when the turn of net_conn_close() ends.
 * Memory: an idle connection owns no buffer. Input is borrowed from the loop's buffer; output stays
 * in the sender's chunks until the kernel has taken it.
 */
#pragma once

#include "base/ip.h"
#include "net/chunk.h"
#include "net/loop.h"
#include "net/tls.h"

struct net_conn;

struct net_conn_events {
    /* True if the owner, when net_conn_must_yield(), keeps the rest of its input and calls
     * net_conn_yield(). `on_data` is then called again, perhaps without new data (`len` 0). A
     * connection that has filled a queue is held back and resumed in the same way. */
    bool is_yielding;
    /* `data` is borrowed until it returns, and may be changed in place. */
    void (*on_data)(struct net_conn *conn, char *data, size_t len);
    void (*on_end)(struct net_conn *conn); /* the peer sends nothing more */
    void (*on_timer)(struct net_conn *conn, uint64_t now_ms);
    /* The peer is a slow reader without progress (net/backlog.h): the owner should end the
     * connection. NULL: it is closed. */
    void (*on_stalled)(struct net_conn *conn);
    /* For whom it counts what the peer has not read; NULL: for nobody. */
    struct net_chunk_holder (*holder)(struct net_conn *conn);
    void (*on_closed)(struct net_conn *conn); /* the last call: `conn` is freed after it */
};

/* Takes `fd`, which was accepted, is non-blocking and is counted in the loop's descriptors. `tls`
 * is NULL for a plain connection. NULL if the system refuses; `fd` is closed then. */
struct net_conn *net_conn_open(struct net_loop *loop, int fd, struct net_tls *tls,
                               const struct net_conn_events *events, void *user);

/* The same for an outgoing connection (net/connect.h makes them); takes `session`, whose handshake
 * is done, or NULL for a plain one. */
struct net_conn *net_conn_open_connected(struct net_loop *loop, int fd,
                                         struct net_tls_session *session,
                                         const struct net_conn_events *events, void *user);

/* Replaces `events` and `user`: from now on another layer handles the connection. */
void net_conn_hand_over(struct net_conn *conn, const struct net_conn_events *events, void *user);

void *net_conn_user(const struct net_conn *conn);

/* The client's address: that of the socket's peer, or what net_conn_set_client() has said. False if
 * the peer has gone. */
bool net_conn_client(const struct net_conn *conn, struct ip *client);

/* From now on the client is another one than the socket's peer: a proxy has said so. */
void net_conn_set_client(struct net_conn *conn, const struct ip *client);

/* The client's address, if what it does is limited and counted: false for a trusted
 * proxy itself, and for the peer of a Unix socket, which is one too.
 */
bool net_conn_limited_client(const struct net_conn *conn, struct ip *client);

/* Counts the connection among those of its client's address, until it is closed; once. False if the
 * server's limits allow no more. */
bool net_conn_count(struct net_conn *conn);

/* The client's address as text: base/ip.h; "unknown" if it has gone. */
#define NET_CONN_CLIENT_LEN_MAX IP_TEXT_LEN_MAX
void net_conn_client_text(const struct net_conn *conn, char out[NET_CONN_CLIENT_LEN_MAX]);

struct net_loop *net_conn_loop(const struct net_conn *conn);

/* Queues a copy of `data`, which is sent when the turn ends. False, and nothing is queued, if the
 * output backlog is over its limit: net/backlog.h has the rule. */
bool net_conn_write(struct net_conn *conn, struct bytes data);

/* The same for two pieces that belong together: both are queued or none. */
bool net_conn_write_pair(struct net_conn *conn, struct bytes head, struct bytes body);

/* The same for what belongs together, with references to the chunks between both ends. */
bool net_conn_write_pieces(struct net_conn *conn, struct bytes head,
                           struct net_chunk *const *pieces, size_t count, struct bytes tail);

/* Queues the final bytes (a close frame); exempt from the limit. */
void net_conn_write_last(struct net_conn *conn, struct bytes data);

/* Queues a reference to `chunk` without its first `offset` bytes. False as with net_conn_write().
 */
bool net_conn_queue(struct net_conn *conn, struct net_chunk *chunk, size_t offset);

/* The same for the whole chunk, but sends it at once if nothing is queued. */
bool net_conn_send(struct net_conn *conn, struct net_chunk *chunk);

/* Sends what is queued now, not when the turn ends. */
void net_conn_flush(struct net_conn *conn);

/* The output backlog: what is still queued for the peer. */
size_t net_conn_backlog_bytes(const struct net_conn *conn);

/* When the peer last made progress with a backlog, on the loop's clock; 0 if it has none. */
uint64_t net_conn_progress_ms(const struct net_conn *conn);

/* Starts or stops reading from the peer. Input that was read before may still be delivered. */
void net_conn_set_reading(struct net_conn *conn, bool reads);

/* Between two messages of its input: whether the connection has used up its share of the turn. */
bool net_conn_must_yield(const struct net_conn *conn);

/* The rest of the input is handled in a later turn; nothing more is read meanwhile. */
void net_conn_yield(struct net_conn *conn);

/* Whether it is held back and waits to be resumed. */
bool net_conn_is_held(const struct net_conn *conn);

/* For a caller that handles the peer's input outside of `on_data`: before and after it. */
void net_conn_begin_handling(struct net_conn *conn);
void net_conn_end_handling(struct net_conn *conn);

/* Calls `on_timer` once, when the loop's clock has passed `due_ms`. Replaces what was set. */
void net_conn_set_timer(struct net_conn *conn, uint64_t due_ms);

/* Sends what is queued, ends our side, discards further input, and closes when the peer has ended
 * its side or after a time limit. */
void net_conn_finish(struct net_conn *conn);

/* The same for a peer whose protocol has announced that it sends nothing more: does not wait for
 * the end of its side. If it sends something nevertheless, it may lose the last output. Over TLS it
 * does wait, because close_notify may still come. */
void net_conn_finish_at_once(struct net_conn *conn);

/* Closes at once; what is queued is lost. */
void net_conn_close(struct net_conn *conn);

/* Whether it is finishing or closed, or has failed. */
bool net_conn_is_closing(const struct net_conn *conn);

/* Whether the kernel has input that was not read yet. */
bool net_conn_has_input(const struct net_conn *conn);

/* For tests that turn the loop by hand. */
void net_conn_end_stalled(struct net_loop *loop, uint64_t now_ms);
void net_conn_on_timer(struct net_timer *timer, uint64_t now_ms);
