#include "admin/metrics.h"

#include "admin/exposition.h"
#include "base/mem.h"
#include "base/version.h"

#include <assert.h>
#include <malloc.h>
#include <uv.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the order of enum metrics_app_close and enum metrics_app_reject. */
static const char *const close_names[] = {"1000", "1001", "1002", "1006", "4004",
                                          "4009", "4100", "4200", "4201", "other"};
static const char *const reject_names[] = {"signature", "origin", "quota",
                                           "auth",      "rate",   "message"};

static_assert(COUNT(close_names) == METRICS_APP_CLOSES_COUNT, "a name for each");
static_assert(COUNT(reject_names) == METRICS_APP_REJECTS_COUNT, "a name for each");

struct writer {
    struct admin_exposition exposition;
    const struct admin_metrics_source *source;
};

static void gauge(struct writer *writer, const char *name, const char *help, double value)
{
    admin_exposition_begin(&writer->exposition, name, ADMIN_EXPOSITION_GAUGE, help);
    admin_exposition_add(&writer->exposition, NULL, 0, value);
}

static void counter(struct writer *writer, const char *name, const char *help, double value)
{
    admin_exposition_begin(&writer->exposition, name, ADMIN_EXPOSITION_COUNTER, help);
    admin_exposition_add(&writer->exposition, NULL, 0, value);
}

/* --- by app --------------------------------------------------------------------------------- */

static struct pusher_app *next_app(struct pusher_app *app)
{
    while (app != NULL && atomic_load(&app->is_removed))
        app = app->next;
    return app;
}

#define EACH_APP(app, source)                                                               \
    for (struct pusher_app *app = next_app(pusher_apps_first((source)->apps)); app != NULL; \
         app = next_app(app->next))

static void add_of_app(struct writer *writer, const struct pusher_app *app, const char *label,
                       const char *value, double number)
{
    const struct admin_exposition_label labels[] = {
        {"app", bytes_of(app->id)},
        {label, bytes_of(value)},
    };

    admin_exposition_add(&writer->exposition, labels, label != NULL ? 2 : 1, number);
}

/* The sum over all workers of the counter at `offset` in struct metrics_app. */
static uint64_t sum_of_app(const struct writer *writer, const struct pusher_app *app, size_t offset)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < writer->source->workers_count; i++) {
        const char *metrics = (const char *)pusher_app_metrics(app, i);

        sum += metrics_read((const struct metrics_counter *)(metrics + offset));
    }
    return sum;
}

static void app_counter(struct writer *writer, const char *name, const char *help, size_t offset)
{
    admin_exposition_begin(&writer->exposition, name, ADMIN_EXPOSITION_COUNTER, help);
    EACH_APP(app, writer->source)
    add_of_app(writer, app, NULL, NULL, (double)sum_of_app(writer, app, offset));
}

/* Writes one counter for each of `values`; the counters follow each other from `offset` on. */
static void app_counters(struct writer *writer, const char *name, const char *help, size_t offset,
                         const char *label, const char *const *values, size_t values_count)
{
    admin_exposition_begin(&writer->exposition, name, ADMIN_EXPOSITION_COUNTER, help);
    EACH_APP(app, writer->source)
    {
        for (size_t i = 0; i < values_count; i++)
            add_of_app(
                writer, app, label, values[i],
                (double)sum_of_app(writer, app, offset + i * sizeof(struct metrics_counter)));
    }
}

static void write_app_gauges(struct writer *writer)
{
    admin_exposition_begin(&writer->exposition, "reverb_connections", ADMIN_EXPOSITION_GAUGE,
                           "WebSocket connections that are open.");
    EACH_APP(app, writer->source)
    add_of_app(writer, app, NULL, NULL, atomic_load(&app->connections_count));
    admin_exposition_begin(&writer->exposition, "reverb_channels", ADMIN_EXPOSITION_GAUGE,
                           "Channels that somebody is subscribed to on this node.");
    EACH_APP(app, writer->source)
    add_of_app(writer, app, NULL, NULL, (double)channel_registry_count(app->channels));
    admin_exposition_begin(&writer->exposition, "reverb_users", ADMIN_EXPOSITION_GAUGE,
                           "Users who have signed in on this node.");
    EACH_APP(app, writer->source)
    add_of_app(writer, app, NULL, NULL, (double)channel_registry_count(app->users));
}

static void write_app_counters(struct writer *writer)
{
    app_counter(writer, "reverb_connections_opened", "WebSocket connections since the start.",
                offsetof(struct metrics_app, connections_opened));
    app_counters(
        writer, "reverb_connections_closed", "WebSocket connections that ended, by close code.",
        offsetof(struct metrics_app, connections_closed), "code", close_names, COUNT(close_names));
    app_counter(writer, "reverb_messages_received", "Messages from clients.",
                offsetof(struct metrics_app, messages_received));
    app_counter(writer, "reverb_messages_sent", "Messages to clients; each receiver counts.",
                offsetof(struct metrics_app, messages_sent));
    app_counter(writer, "reverb_bytes_received", "Bytes of messages from clients.",
                offsetof(struct metrics_app, bytes_received));
    app_counter(writer, "reverb_events_published", "Events that applications published.",
                offsetof(struct metrics_app, events_published));
    app_counters(writer, "reverb_rejected", "What was refused, by reason.",
                 offsetof(struct metrics_app, rejected), "reason", reject_names,
                 COUNT(reject_names));
}

/* --- of the server -------------------------------------------------------------------------- */

static uint64_t sum_of_workers(const struct writer *writer, size_t offset)
{
    return metrics_sum(writer->source->metrics, writer->source->workers_count, offset);
}

static void histogram(struct writer *writer, const char *name, const char *help, size_t offset,
                      double unit, double scale)
{
    const size_t count = writer->source->workers_count;
    const struct metrics_histogram **histograms = mem_new(count * sizeof *histograms);

    for (size_t i = 0; i < count; i++)
        histograms[i] =
            (const struct metrics_histogram *)((const char *)&writer->source->metrics[i] + offset);
    admin_exposition_begin(&writer->exposition, name, ADMIN_EXPOSITION_HISTOGRAM, help);
    admin_exposition_add_histogram(&writer->exposition, histograms, count, unit, scale);
    free(histograms);
}

static void write_durations(struct writer *writer)
{
    const double unit_s = METRICS_DURATION_UNIT_NS / 1e9;

    histogram(writer, "reverb_publish_duration_seconds",
              "From a publish request read to its event handed to the last receiver.",
              offsetof(struct metrics, publish_ns), unit_s, 1e-9);
    histogram(writer, "reverb_loop_turn_seconds", "Turns of the workers' loops, without waiting.",
              offsetof(struct metrics, turn_ns), unit_s, 1e-9);
    histogram(writer, "reverb_fanout_receivers",
              "Receivers on one worker of the events that a turn published to a channel.",
              offsetof(struct metrics, fanout_receivers), METRICS_RECEIVERS_UNIT, 1);
}

static void write_memory(struct writer *writer)
{
    const struct admin_exposition_label resident = {"kind", BYTES("resident")};
    size_t resident_bytes = 0;

    uv_resident_set_memory(&resident_bytes);
    admin_exposition_begin(&writer->exposition, "reverb_memory_bytes", ADMIN_EXPOSITION_GAUGE,
                           "Memory of the process.");
    admin_exposition_add(&writer->exposition, &resident, 1, (double)resident_bytes);
#ifdef __GLIBC__
    {
        const struct admin_exposition_label heap = {"kind", BYTES("heap")};
        const struct mallinfo2 info = mallinfo2();

        admin_exposition_add(&writer->exposition, &heap, 1, (double)(info.uordblks + info.hblkhd));
    }
#endif
}

static void write_process(struct writer *writer)
{
    const struct admin_metrics_source *source = writer->source;
    const struct admin_exposition_label version = {"version", BYTES(VERSION)};

    admin_exposition_begin(&writer->exposition, "reverb_build", ADMIN_EXPOSITION_INFO,
                           "The version that runs.");
    admin_exposition_add(&writer->exposition, &version, 1, 1);
    gauge(writer, "reverb_start_time_seconds", "When the server started, in Unix time.",
          source->started_s);
    gauge(writer, "reverb_workers", "Worker threads.", (double)source->workers_count);
    gauge(writer, "reverb_open_files", "Connections that hold an open file.",
          (double)atomic_load(&source->descriptors->connections_count));
    gauge(writer, "reverb_open_files_limit", "Connections that open files allow.",
          (double)source->descriptors->connections_max);
    write_memory(writer);
    counter(writer, "reverb_requests", "HTTP requests.",
            (double)sum_of_workers(writer, offsetof(struct metrics, requests_handled)));
    counter(writer, "reverb_slow_readers_closed",
            "Clients that were closed because they took nothing.",
            (double)sum_of_workers(writer, offsetof(struct metrics, slow_readers_closed)));
    counter(writer, "reverb_stale_closed", "Clients that were closed because they did not answer.",
            (double)sum_of_workers(writer, offsetof(struct metrics, stale_closed)));
}

static void write_cluster(struct writer *writer)
{
    struct cluster_status status;

    if (writer->source->cluster == NULL)
        return;
    cluster_read_status(writer->source->cluster, &status);
    gauge(writer, "reverb_cluster_up", "1 while all links to Redis stand.", status.is_connected);
    gauge(writer, "reverb_cluster_nodes", "Nodes in step, this one included.",
          (double)status.nodes_count);
    gauge(writer, "reverb_cluster_outbox_events", "Events that wait for Redis.",
          (double)status.events_kept);
    counter(writer, "reverb_cluster_events_sent", "Events that Redis has acknowledged.",
            (double)status.events_sent);
    counter(writer, "reverb_cluster_events_received", "Events of other nodes.",
            (double)status.events_received);
    counter(writer, "reverb_cluster_events_dropped", "Events that did not fit into the outbox.",
            (double)status.events_dropped);
    counter(writer, "reverb_cluster_links_lost", "Links to Redis that were lost.",
            (double)status.links_lost);
    counter(writer, "reverb_cluster_gaps", "Times that events of other nodes may have been missed.",
            (double)status.gaps);
}

void admin_metrics_write(struct buffer *out, const struct admin_metrics_source *source,
                         bool is_open_metrics)
{
    struct writer writer = {
        .exposition = {.out = out, .is_open_metrics = is_open_metrics},
        .source = source,
    };

    write_process(&writer);
    write_app_gauges(&writer);
    write_app_counters(&writer);
    write_durations(&writer);
    write_cluster(&writer);
    admin_exposition_end(&writer.exposition);
}
