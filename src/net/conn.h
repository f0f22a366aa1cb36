/* One connection, plain or TLS: bytes in, bytes out, a timer.
 *
 * Thread: owner, whose loop it is in.
 * Life: net_conn_open() to `on_closed`, which comes when the turn of net_conn_close() ends.
 * Memory: an idle connection owns no buffer. What comes in is lent from the loop's buffer; what
 * goes out stands in the sender's chunks until the kernel has taken it.
 */
#pragma once

#include "net/chunk.h"
#include "net/loop.h"
#include "net/tls.h"

struct net_conn;

struct net_conn_events {
    /* Where it has handled a part of what came, and net_conn_must_yield() says so, it keeps the
     * rest and calls net_conn_yield(). Its on_data() is then called again, perhaps without anything
     * new (0). The same happens to who has filled a queue. */
    bool is_yielding;
    /* `data` is lent until it returns, and may be changed in place. */
    void (*on_data)(struct net_conn *conn, char *data, size_t len);
    void (*on_end)(struct net_conn *conn); /* nothing more comes in */
    void (*on_timer)(struct net_conn *conn, uint64_t now_ms);
    /* It is behind and takes nothing any more (net/backlog.h): for the owner to end it. NULL: it is
     * closed. */
    void (*on_stalled)(struct net_conn *conn);
    void (*on_closed)(struct net_conn *conn); /* the last call: `conn` is freed after it */
};

/* Takes `fd`, which was accepted, is non-blocking and counted in the loop's descriptors. `tls` is
 * NULL for a plain connection. NULL where the system refuses; `fd` is closed then. */
struct net_conn *net_conn_open(struct net_loop *loop, int fd, struct net_tls *tls,
                               const struct net_conn_events *events, void *user);

/* The same for a connection of our own making; takes `session`, whose handshake is done, or NULL
 * for a plain one. To make one: net/connect.h. */
struct net_conn *net_conn_open_connected(struct net_loop *loop, int fd,
                                         struct net_tls_session *session,
                                         const struct net_conn_events *events, void *user);

/* From now on another layer hears of it. */
void net_conn_hand_over(struct net_conn *conn, const struct net_conn_events *events, void *user);

void *net_conn_user(const struct net_conn *conn);
struct net_loop *net_conn_loop(const struct net_conn *conn);

/* Queues a copy of `data`; it leaves when the turn ends. False, and nothing is queued, where too
 * much is queued already for a peer that takes too little: net/backlog.h has the rule. */
bool net_conn_write(struct net_conn *conn, struct bytes data);

/* The same for two pieces that belong together: both are queued or none. */
bool net_conn_write_pair(struct net_conn *conn, struct bytes head, struct bytes body);

/* Queues the final bytes (a close frame); exempt from the limit. */
void net_conn_write_last(struct net_conn *conn, struct bytes data);

/* Queues a reference to `chunk`, of which `offset` bytes are not for this peer. False as with
 * net_conn_write(). */
bool net_conn_queue(struct net_conn *conn, struct net_chunk *chunk, size_t offset);

/* The same for all of it, but sends it at once where nothing is queued before it. */
bool net_conn_send(struct net_conn *conn, struct net_chunk *chunk);

/* Sends what is queued now, not at the turn's end. */
void net_conn_flush(struct net_conn *conn);

/* What the peer has not taken yet. */
size_t net_conn_backlog_bytes(const struct net_conn *conn);

/* When the peer last took something of a backlog, on the loop's clock; 0 where it has none. */
uint64_t net_conn_progress_ms(const struct net_conn *conn);

/* Whether what the peer sends is taken: while it is not, the peer soon has to wait. What had come
 * before may still be told. */
void net_conn_set_reading(struct net_conn *conn, bool reads);

/* Between two messages of what came: whether it is enough for now. */
bool net_conn_must_yield(const struct net_conn *conn);

/* There is more to handle, in a later turn; nothing more is read meanwhile. */
void net_conn_yield(struct net_conn *conn);

/* Whether it waits to be gone on with. */
bool net_conn_is_held(const struct net_conn *conn);

/* For whoever handles what the peer sent outside of `on_data`: before and after it. */
void net_conn_begin_handling(struct net_conn *conn);
void net_conn_end_handling(struct net_conn *conn);

/* Calls `on_timer` once, when the loop's clock has passed `due_ms`. Replaces what was set. */
void net_conn_set_timer(struct net_conn *conn, uint64_t due_ms);

/* Sends what is queued, ends our side, discards what still comes, and closes when the peer has
 * ended its side or has had enough time to. */
void net_conn_finish(struct net_conn *conn);

/* The same for a peer that has said, in its own protocol, that it sends nothing more: the end of
 * its side is not waited for. Would it send something after all, it might lose what it was sent
 * last. Over TLS, whose own farewell may still come, the end is waited for. */
void net_conn_finish_at_once(struct net_conn *conn);

/* At once; what is queued is lost. */
void net_conn_close(struct net_conn *conn);

/* Whether it has been told to finish or close, or has failed. */
bool net_conn_is_closing(const struct net_conn *conn);

/* For tests that turn the loop by hand. */
void net_conn_end_stalled(struct net_loop *loop, uint64_t now_ms);
void net_conn_on_timer(struct net_timer *timer, uint64_t now_ms);
