#include "pusher/worker.h"

#include "base/check.h"

/* All clients that join are sent the list, and one message may have 4 GiB: the nodes of a cluster
 * may each add some members before they know of each other's. */
#define MEMBERS_BYTES_MAX ((size_t)256 * 1024 * 1024)

void pusher_worker_init(struct pusher_worker *worker, bool has_compression)
{
    worker->ws_settings.deflate = has_compression ? ws_deflate_new() : NULL;
    worker->strangers = metrics_app_new(1);
    worker->members_bytes_max = MEMBERS_BYTES_MAX;
    list_init(&worker->sessions);
    list_init(&worker->leaving);
    worker->fanout.worker = worker->index;
    worker->fanout.loop = worker->loop;
    worker->fanout.deflate = worker->ws_settings.deflate;
    worker->fanout.metrics = worker->metrics;
    channel_fanout_init(&worker->fanout);
    worker->joining.fanout = &worker->fanout;
}

void pusher_worker_deinit(struct pusher_worker *worker)
{
    CHECK(worker->sessions_count == 0);
    net_slices_close(&worker->slices);
    channel_joining_deinit(&worker->joining);
    channel_fanout_deinit(&worker->fanout);
    ws_deflate_free(worker->ws_settings.deflate);
    metrics_app_free(worker->strangers, 1);
    map_deinit(&worker->by_socket_id);
    buffer_deinit(&worker->scratch);
}

struct buffer *pusher_worker_scratch(struct pusher_worker *worker)
{
    buffer_clear(&worker->scratch);
    return &worker->scratch;
}

struct metrics_app *pusher_worker_metrics_of(const struct pusher_worker *worker,
                                             const struct pusher_app *app)
{
    return app != NULL ? pusher_app_metrics(app, worker->index) : worker->strangers;
}

static void note_rejected(struct pusher_worker *worker, const struct pusher_app *app,
                          enum metrics_app_reject reason, const char *client)
{
    metrics_add(&pusher_worker_metrics_of(worker, app)->rejected[reason], 1);
    if (worker->refusals != NULL)
        pusher_refusals_note(worker->refusals, reason, app != NULL ? bytes_of(app->id) : BYTES_NONE,
                             bytes_of(client), net_loop_now_ms(worker->loop));
}

void pusher_worker_note_rejected(struct pusher_worker *worker, const struct pusher_app *app,
                                 enum metrics_app_reject reason, const struct net_conn *conn)
{
    char client[NET_CONN_CLIENT_LEN_MAX];

    net_conn_client_text(conn, client);
    note_rejected(worker, app, reason, client);
}

void pusher_worker_note_rejected_peer(struct pusher_worker *worker, enum metrics_app_reject reason,
                                      const struct ip *peer)
{
    char text[IP_TEXT_LEN_MAX];

    ip_write(peer, text);
    note_rejected(worker, NULL, reason, text);
}
