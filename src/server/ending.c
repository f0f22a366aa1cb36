#include "server/ending.h"

#include "base/check.h"
#include "base/log.h"
#include "pusher/error.h"
#include "server/banner.h"
#include "server/notify.h"

/* Added to the time for its clients; a worker needs far less to end. */
#define STALL_MS 10000
/* The same if one is known to have stalled. */
#define STALLED_MS 1000

/* Clients reconnect at once if another process accepts them, or a balancer that has been notified
 * in time sends them elsewhere; otherwise after a second. Closes are spread over `drain` seconds
 * only if there are other nodes. */
static struct server_worker_end how_to_end(const struct server_state *server)
{
    const bool is_answered = server->was_lame_duck || server_listen_is_answered(&server->listen);
    struct cluster_status cluster = {0};

    if (server->cluster != NULL)
        cluster_read_status(server->cluster, &cluster);
    return (struct server_worker_end){
        .code = is_answered ? PUSHER_ERROR_CLOSE_RECONNECT : PUSHER_ERROR_CLOSE_BACK_OFF,
        .spread_ms = cluster.nodes_count > 1 ? server->config->drain_s * UINT64_C(1000) : 0,
        .grace_ms = server->config->shutdown_timeout_s * UINT64_C(1000),
        .is_hurried = !is_answered,
    };
}

void server_ending_notify_workers(struct server_state *server)
{
    const bool is_stalled = atomic_load(&server->stalled_workers_count) > 0;
    const uint64_t stall_ms = is_stalled ? STALLED_MS : STALL_MS;
    struct server_worker_end how = how_to_end(server);

    if (server->is_hastened) {
        how.spread_ms = 0;
        how.grace_ms = 0;
    }
    server->are_told = true;
    server->ends_by_ms = uv_now(&server->loop) + how.spread_ms + how.grace_ms + stall_ms;
    for (size_t i = 0; i < server->workers_count; i++)
        server_worker_end(&server->workers[i], &how);
}

static void on_listeners_closed(void *user)
{
    struct server_state *server = user;

    if (atomic_fetch_sub(&server->listening_count, 1) == 1)
        uv_async_send(&server->wake);
}

/* Workers stop listening before clients are closed: only then is it known whether another process
 * listens. */
static void stop_listening(struct server_state *server)
{
    atomic_store(&server->is_lame_duck, false);
    uv_timer_stop(&server->lame_duck);
    server->ends_by_ms = uv_now(&server->loop) + STALL_MS; /* for all to close their sockets */
    atomic_store(&server->listening_count, server->workers_count);
    for (size_t i = 0; i < server->workers_count; i++)
        server_worker_stop_listening(&server->workers[i], on_listeners_closed, server);
}

static void on_lame_duck_over(uv_timer_t *timer)
{
    struct server_state *server = timer->data;

    server->was_lame_duck = true;
    stop_listening(server);
}

/* A new process answers on the same sockets: then nobody has to be sent elsewhere. */
static bool begin_lame_duck(struct server_state *server)
{
    const uint32_t lame_duck_s = server->config->lame_duck_s;

    if (lame_duck_s == 0 || server->succession.is_done || server->has_lost_parent)
        return false;
    log_info("the server says that it is not ready, and serves for %u s more", lame_duck_s);
    atomic_store(&server->is_lame_duck, true);
    CHECK(uv_timer_start(&server->lame_duck, on_lame_duck_over, lame_duck_s * UINT64_C(1000), 0) ==
          0);
    return true;
}

void server_ending_begin(struct server_state *server)
{
    if (server->is_ending)
        return;
    server->is_ending = true;
    server->reload.is_ending = true;
    server_banner_say(server->config, BYTES("Gracefully terminating connections.\n"));
    if (!server->succession.is_done)
        server_notify("STOPPING=1");
    if (server->is_hastened || !begin_lame_duck(server))
        stop_listening(server);
}

void server_ending_hasten(struct server_state *server)
{
    server->is_hastened = true;
    server_ending_begin(server);
    if (atomic_load(&server->is_lame_duck))
        stop_listening(server);
    if (server->are_told)
        server_ending_notify_workers(server);
}
