/* What a connection is below its owner (net/conn.h): a socket, plain or TLS, the output that is
 * queued for it, and whether it is read. net/sending.h and net/receiving.h work on it.
 *
 * Thread: owner, whose loop it is in.
 * Life: in the memory of its connection, which stays to the end of the turn of net_stream_close().
 */
#pragma once

#include "net/loop.h"
#include "net/output.h"
#include "net/tls.h"

struct net_backlog;

enum net_stream_state {
    NET_STREAM_OPEN,
    NET_STREAM_FINISHING, /* our side ends when all output was sent */
    NET_STREAM_FINISHED,  /* it has ended */
    NET_STREAM_CLOSED,
};

struct net_stream {
    struct net_poller_watch watch;
    struct net_loop *loop;
    struct net_tls_session *tls;
    struct net_output output;
    struct net_stream *next_unsent;
    union {
        struct net_backlog *backlog;    /* while it is blocked */
        struct net_stream *next_closed; /* once it is closed */
    };
    struct net_timer timer;
    uint8_t state;
    bool is_unsent;  /* in the loop's list of unsent ones */
    bool is_batched; /* its output leaves with the loop's batch */
    bool is_blocked; /* the kernel takes nothing more for now */
    bool has_ended;  /* the peer sends nothing more; it may still read */
    bool is_paused;  /* not read: see net_conn_set_reading() */
    bool is_held;    /* not read until it is resumed */
    bool is_counted; /* by its client's address: net_conn_count() */
};

/* Tells the poller what the stream waits for; closes it if the system refuses. */
void net_stream_update_interest(struct net_stream *stream);

/* Holds it back: its input is handled no more, until whoever empties `held` resumes it. */
void net_stream_hold(struct net_stream *stream, struct net_held *held);
void net_stream_let_go(struct net_stream *stream);

/* Forgets its backlog: all was sent, or nothing will be. */
void net_stream_unblock(struct net_stream *stream);

/* Closes at once; what is queued is lost. */
void net_stream_close(struct net_stream *stream);
