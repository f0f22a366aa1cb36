/* One worker: a thread with its own loop, its own listening sockets, its own connections.
 *
 * Thread: main opens, starts, posts and closes; in between the worker runs by itself.
 */
#pragma once

#include "api/api.h"
#include "net/listener.h"
#include "pusher/worker.h"

#include <pthread.h>

struct server_worker_end {
    uint16_t code;      /* that clients are closed with */
    uint64_t spread_ms; /* over which they are closed */
    uint64_t grace_ms;  /* after that; whoever is still there then is cut off */
    /* The port is dead until this process is gone: who has got all that there is for it is not
     * waited for. */
    bool is_hurried;
};

struct server_worker {
    struct server_worker *all; /* an array */
    size_t all_count;
    pthread_t thread;
    struct net_loop loop;
    unsigned ticks_seen;  /* of the loop's; main's */
    unsigned still_count; /* looks in a row at which it had not turned; main's */
    const atomic_size_t *stalled_workers_count;
    struct pusher_worker *pusher;
    struct net_tls *tls;     /* NULL: plain */
    struct cluster *cluster; /* NULL: the only node */
    struct api api;
    struct http_conn_settings http;
    struct net_listener **listeners;
    size_t listeners_count;
    uint64_t published_before;     /* events, up to the last turn */
    atomic_bool is_asked_for_room; /* by a worker that has none to give */
    void (*on_ended)(void *user);
    void *user;

    /* While it ends. */
    uv_timer_t ending;
    uint64_t ending_began_ms;
    struct server_worker_end how;
    uint64_t deadline_ms; /* when whoever is left is cut off */
    size_t ending_sessions_count;
    size_t ended_sessions_count;
    bool is_ending;
};

/* The listening sockets, one at least, are taken. `pusher` has its fixed fields but `loop` set.
 * Negative UV_E… if it fails. */
int server_worker_open(struct server_worker *worker, const struct config *config,
                       const int *listen_fds, size_t listen_fds_count,
                       struct net_descriptors *descriptors);

/* `on_ended` is called on the worker's thread when it is about to end. */
int server_worker_start(struct server_worker *worker, void (*on_ended)(void *user), void *user);

/* Closes its listening sockets; `on_done` is called on its thread once it has. */
void server_worker_stop_listening(struct server_worker *worker, void (*on_done)(void *user),
                                  void *user);

/* Ends its connections: clients are sent what is pending and a close frame; requests are answered.
 * Then the thread ends. A second call with smaller times hastens it. */
void server_worker_end(struct server_worker *worker, const struct server_worker_end *how);

/* Has it look at the apps anew; `on_done` once it has. */
void server_worker_reload(struct server_worker *worker, void (*on_done)(void *user), void *user);

/* Sends `message` to that connection, or ends it where `message` is absent; nothing where the
 * worker does not have it. */
void server_worker_message(struct server_worker *worker, uint64_t socket_id, struct bytes message);

/* Waits for the thread, which was told to end. */
void server_worker_join(struct server_worker *worker);

/* When all threads have ended: no mail comes any more. */
void server_worker_close(struct server_worker *worker);
