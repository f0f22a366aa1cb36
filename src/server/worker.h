/* One worker: a thread with its own loop, its own door, its own connections.
 *
 * Thread: main opens, starts, posts and closes; in between the worker runs by itself.
 */
#pragma once

#include "api/api.h"
#include "net/listener.h"
#include "pusher/worker.h"

#include <pthread.h>

struct server_worker {
    struct server_worker *all; /* an array */
    size_t all_count;
    pthread_t thread;
    struct net_loop loop;
    unsigned ticks_seen; /* of the loop's; main's */
    struct pusher_worker *pusher;
    struct net_tls *tls;     /* NULL: plain */
    struct cluster *cluster; /* NULL: the only node */
    struct api api;
    struct http_conn_settings http;
    struct net_listener *listener;
    uint64_t published_before;     /* events, up to the last turn */
    atomic_bool is_asked_for_room; /* by a worker that has none to give */
    void (*on_ended)(void *user);
    void *user;

    /* While it ends. */
    uv_timer_t ending;
    uint64_t ending_began_ms;
    uint64_t spread_ms;   /* over which its clients are closed */
    uint64_t deadline_ms; /* when whoever is left is cut off */
    size_t ending_sessions_count;
    size_t ended_sessions_count;
    bool is_ending;
};

/* `listen_fd` is taken. `pusher` has its fixed fields but `loop` set. Negative UV_E… where it
 * fails.
 */
int server_worker_open(struct server_worker *worker, const struct config *config, int listen_fd,
                       struct net_descriptors *descriptors);

/* `on_ended` is called on the worker's thread when it is about to end. */
int server_worker_start(struct server_worker *worker, void (*on_ended)(void *user), void *user);

/* Ends its connections: clients are sent what is pending and a close frame, over `spread_ms`;
 * requests are answered. Whoever is still there `grace_ms` after that is cut off. Then the thread
 * ends. A second call with smaller times hastens it. */
void server_worker_end(struct server_worker *worker, uint64_t spread_ms, uint64_t grace_ms);

/* Has it look at the apps anew; `on_done` once it has. */
void server_worker_reload(struct server_worker *worker, void (*on_done)(void *user), void *user);

/* Sends `message` to that connection, or ends it where `message` is absent; nothing where the
 * worker does not have it. */
void server_worker_message(struct server_worker *worker, uint64_t socket_id, struct bytes message);

/* Waits for the thread, which was told to end. */
void server_worker_join(struct server_worker *worker);

/* When all threads have ended: no mail comes any more. */
void server_worker_close(struct server_worker *worker);
