#include "server/status.h"

#include "base/jsonwrite.h"
#include "base/version.h"
#include "metrics/metrics.h"

#include <unistd.h>
#include <uv.h>

#define SUM(counter) \
    metrics_sum(status->metrics, status->workers_count, offsetof(struct metrics, counter))

static void write_apps(struct buffer *out, struct pusher_apps *apps)
{
    bool is_first = true;

    buffer_append_text(out, ",\"apps\":[");
    for (struct pusher_app *app = pusher_apps_first(apps); app != NULL; app = app->next) {
        if (atomic_load(&app->is_removed))
            continue;
        buffer_append_text(out, is_first ? "{\"id\":" : ",{\"id\":");
        is_first = false;
        jsonwrite_string(out, bytes_of(app->id));
        buffer_printf(out, ",\"connections\":%u,\"channels\":%zu}",
                      atomic_load(&app->connections_count), channel_registry_count(app->channels));
    }
    buffer_append_char(out, ']');
}

static void write_cluster(struct buffer *out, struct cluster *cluster)
{
    struct cluster_status status;

    if (cluster == NULL)
        return;
    cluster_read_status(cluster, &status);
    buffer_printf(out, ",\"cluster\":{\"redis\":\"%s\",\"nodes\":%zu",
                  status.is_stalled     ? "stalled"
                  : status.is_connected ? "connected"
                                        : "away",
                  status.nodes_count);
    buffer_printf(out, ",\"events_sent\":%llu,\"events_received\":%llu",
                  (unsigned long long)status.events_sent,
                  (unsigned long long)status.events_received);
    buffer_printf(out, ",\"events_kept\":%llu,\"events_dropped\":%llu",
                  (unsigned long long)status.events_kept,
                  (unsigned long long)status.events_dropped);
    buffer_printf(out, ",\"links_lost\":%llu,\"gaps\":%llu", (unsigned long long)status.links_lost,
                  (unsigned long long)status.gaps);
    if (status.reason[0] != '\0') {
        buffer_append_text(out, ",\"reason\":");
        jsonwrite_string(out, bytes_of(status.reason));
    }
    if (status.warning[0] != '\0') {
        buffer_append_text(out, ",\"warning\":");
        jsonwrite_string(out, bytes_of(status.warning));
    }
    buffer_append_char(out, '}');
}

void server_status_write(struct buffer *out, const struct server_status *status)
{
    size_t memory_bytes = 0;
    size_t channels = 0;
    size_t connections = 0;

    for (struct pusher_app *app = pusher_apps_first(status->apps); app != NULL; app = app->next) {
        channels += channel_registry_count(app->channels);
        connections += atomic_load(&app->connections_count);
    }
    uv_resident_set_memory(&memory_bytes);
    buffer_printf(out, "{\"version\":\"%s\",\"state\":\"%s\",\"pid\":%d,\"uptime_s\":%llu", VERSION,
                  status->state, (int)getpid(),
                  (unsigned long long)((status->now_ms - status->started_ms) / 1000));
    buffer_append_text(out, ",\"host\":");
    jsonwrite_string(out, bytes_of(status->config->host));
    buffer_printf(out, ",\"port\":%u,\"workers\":%zu,\"connections\":%zu,\"channels\":%zu",
                  status->port, status->workers_count, connections, channels);
    buffer_printf(out, ",\"messages_received\":%llu,\"messages_sent\":%llu",
                  (unsigned long long)SUM(messages_received),
                  (unsigned long long)SUM(messages_sent));
    buffer_printf(out, ",\"events_published\":%llu,\"requests\":%llu",
                  (unsigned long long)SUM(events_published),
                  (unsigned long long)SUM(requests_handled));
    buffer_printf(out, ",\"connections_opened\":%llu,\"connections_closed\":%llu",
                  (unsigned long long)SUM(connections_opened),
                  (unsigned long long)SUM(connections_closed));
    buffer_printf(out, ",\"slow_readers_closed\":%llu,\"stale_closed\":%llu",
                  (unsigned long long)SUM(slow_readers_closed),
                  (unsigned long long)SUM(stale_closed));
    buffer_printf(out, ",\"stalled_workers\":%zu,\"memory_bytes\":%zu",
                  status->stalled_workers_count, memory_bytes);
    buffer_printf(out, ",\"io\":\"%s\"", status->io->name);
    if (status->io->reason != NULL) {
        buffer_append_text(out, ",\"io_reason\":");
        jsonwrite_string(out, bytes_of(status->io->reason));
    }
    write_cluster(out, status->cluster);
    write_apps(out, status->apps);
    buffer_append_char(out, '}');
}
