/* One worker: a thread with its own loop, listening sockets and connections.
 *
 * Thread: main calls these functions; all else runs on the worker's thread.
 */
#pragma once

#include "api/api.h"
#include "net/address_table.h"
#include "net/listener.h"
#include "net/proxied.h"
#include "pusher/worker.h"

#include <pthread.h>

struct server_worker_end {
    uint16_t code;      /* the close code for clients */
    uint64_t spread_ms; /* the time over which they are closed */
    uint64_t grace_ms;  /* after that; clients that remain are then cut off */
    /* No process accepts connections until this one has ended: a client without an output backlog
     * is not waited for. */
    bool is_hurried;
};

struct server_worker {
    struct server_worker *all; /* an array */
    size_t all_count;
    pthread_t thread;
    struct net_loop loop;
    unsigned ticks_seen;  /* of the loop; main only */
    unsigned still_count; /* checks in a row without progress; main only */
    const atomic_size_t *stalled_workers_count;
    const atomic_bool *is_lame_duck;
    struct pusher_worker *pusher;
    struct net_tls *tls;                     /* NULL: plain */
    struct net_address_table *addresses;     /* shared by all */
    bool has_batches;                        /* of net/io.h */
    const struct ip_ranges *trusted_proxies; /* NULL: none */
    bool takes_proxy_headers;                /* the setting `proxy_protocol` */
    struct net_proxied proxied;              /* whose header is still to come */
    struct cluster *cluster;                 /* NULL: the only node */
    struct api api;
    struct http_conn_settings http;
    struct net_listener **listeners;
    size_t listeners_count;
    uint64_t published_before;     /* events published up to the last turn */
    atomic_bool is_asked_for_room; /* set by a worker that cannot make room itself */
    void (*on_ended)(void *user);
    void *user;
    atomic_bool has_ended; /* its loop turns no more */

    /* While it ends. */
    uv_timer_t ending;
    uint64_t ending_began_ms;
    struct server_worker_end how;
    uint64_t deadline_ms; /* when remaining clients are cut off */
    size_t ending_sessions_count;
    size_t ended_sessions_count;
    bool is_ending;
};

/* Takes the listening sockets, at least one. The fixed fields of `pusher` except `loop` are set.
 * Negative UV_E… if it fails. */
int server_worker_open(struct server_worker *worker, const struct config *config,
                       const int *listen_fds, size_t listen_fds_count,
                       struct net_descriptors *descriptors);

/* `on_ended` is called on the worker's thread when it is about to end. */
int server_worker_start(struct server_worker *worker, void (*on_ended)(void *user), void *user);

/* Closes its listening sockets; `on_done` is called on its thread once it has. */
void server_worker_stop_listening(struct server_worker *worker, void (*on_done)(void *user),
                                  void *user);

/* Ends its connections: clients are sent their output backlog and a close frame; requests are
 * answered. Then the thread ends. A second call with smaller times hastens it. */
void server_worker_end(struct server_worker *worker, const struct server_worker_end *how);

/* Has it look at the apps anew; `on_done` once it has. */
void server_worker_reload(struct server_worker *worker, void (*on_done)(void *user), void *user);

/* Sends `message` to that connection, or ends it if `message` is absent; nothing if the
 * worker does not have it. */
void server_worker_message(struct server_worker *worker, uint64_t socket_id, struct bytes message);

/* Waits for the thread to end. */
void server_worker_join(struct server_worker *worker);

/* After all threads have ended: no mail is posted any more. */
void server_worker_close(struct server_worker *worker);
