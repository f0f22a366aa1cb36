#include "server/ending.h"

#include "pusher/error.h"
#include "server/banner.h"
#include "server/notify.h"

/* Added to the time for its clients; a worker needs far less to end. */
#define STALL_MS 10000

/* Clients reconnect at once if another process accepts them; otherwise after a second. Closes are
 * spread over `drain` seconds only if there are other nodes. */
static struct server_worker_end how_to_end(const struct server_state *server)
{
    const bool is_answered = server_listen_is_answered(&server->listen);
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
    struct server_worker_end how = how_to_end(server);

    if (server->is_hastened) {
        how.spread_ms = 0;
        how.grace_ms = 0;
    }
    server->are_told = true;
    server->ends_by_ms = uv_now(&server->loop) + how.spread_ms + how.grace_ms + STALL_MS;
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
void server_ending_begin(struct server_state *server)
{
    if (server->is_ending)
        return;
    server->is_ending = true;
    server->reload.is_ending = true;
    server_banner_say(server->config, BYTES("Gracefully terminating connections.\n"));
    if (!server->succession.is_done)
        server_notify("STOPPING=1");
    server->ends_by_ms = uv_now(&server->loop) + STALL_MS; /* for all to close their sockets */
    atomic_store(&server->listening_count, server->workers_count);
    for (size_t i = 0; i < server->workers_count; i++)
        server_worker_stop_listening(&server->workers[i], on_listeners_closed, server);
}

void server_ending_hasten(struct server_state *server)
{
    server_ending_begin(server);
    server->is_hastened = true;
    if (server->are_told)
        server_ending_notify_workers(server);
}
