#include "admin/metrics.h"

#include "admin/exposition.h"
#include "base/mem.h"
#include "base/platform.h"
#include "base/version.h"
#include "config/webhook.h"
#include "net/chunk.h"

#include <assert.h>
#include <uv.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the order of enum metrics_app_close and enum metrics_app_reject. */
static const char *const close_names[] = {"1000", "1001", "1002", "1006", "1007", "1009", "4001",
                                          "4004", "4009", "4100", "4200", "4201", "other"};
static const char *const reject_names[] = {"signature", "key",      "timestamp", "origin",
                                           "quota",     "capacity", "auth",      "rate",
                                           "size",      "address",  "proxy",     "message"};

static_assert(COUNT(close_names) == METRICS_APP_CLOSES_COUNT, "a name for each");
static_assert(COUNT(reject_names) == METRICS_APP_REJECTS_COUNT, "a name for each");

/* With more apps than this, samples that are 0 are left out: a large configuration has many apps
 * that are idle. */
#define APPS_WITH_ZEROS_MAX 100

struct writer {
    struct admin_exposition exposition;
    const struct admin_metrics_source *source;
    bool leaves_zeros_out;
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

static size_t count_apps(const struct admin_metrics_source *source)
{
    size_t count = 0;

    EACH_APP(app, source)
    count++;
    return count;
}

/* `app`: NULL for what belongs to none, an app with an empty id; that is written only if it is not
 * 0. */
static void add_of_app(struct writer *writer, const struct pusher_app *app, const char *label,
                       const char *value, double number)
{
    const struct admin_exposition_label labels[] = {
        {"app", app != NULL ? bytes_of(app->id) : BYTES("")},
        {label, bytes_of(value)},
    };

    if (number != 0 || (app != NULL && !writer->leaves_zeros_out))
        admin_exposition_add(&writer->exposition, labels, label != NULL ? 2 : 1, number);
}

static const struct metrics_app *of_app(const struct writer *writer, const struct pusher_app *app,
                                        size_t worker)
{
    return pusher_worker_metrics_of(&writer->source->workers[worker], app);
}

/* The sum over all workers of the counter at `offset` in struct metrics_app. */
static uint64_t sum_of_app(const struct writer *writer, const struct pusher_app *app, size_t offset)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < writer->source->workers_count; i++)
        sum += metrics_read(
            (const struct metrics_counter *)((const char *)of_app(writer, app, i) + offset));
    return sum;
}

static void app_counter(struct writer *writer, const char *name, const char *help, size_t offset)
{
    admin_exposition_begin(&writer->exposition, name, ADMIN_EXPOSITION_COUNTER, help);
    EACH_APP(app, writer->source)
    add_of_app(writer, app, NULL, NULL, (double)sum_of_app(writer, app, offset));
    add_of_app(writer, NULL, NULL, NULL, (double)sum_of_app(writer, NULL, offset));
}

/* One app's counters that follow each other from `offset` on, one for each of `values`. */
static void add_each(struct writer *writer, const struct pusher_app *app, size_t offset,
                     const char *label, const char *const *values, size_t values_count)
{
    for (size_t i = 0; i < values_count; i++)
        add_of_app(writer, app, label, values[i],
                   (double)sum_of_app(writer, app, offset + i * sizeof(struct metrics_counter)));
}

static void app_counters(struct writer *writer, const char *name, const char *help, size_t offset,
                         const char *label, const char *const *values, size_t values_count)
{
    admin_exposition_begin(&writer->exposition, name, ADMIN_EXPOSITION_COUNTER, help);
    EACH_APP(app, writer->source)
    add_each(writer, app, offset, label, values, values_count);
    add_each(writer, NULL, offset, label, values, values_count);
}

static void add_requests(struct writer *writer, const struct pusher_app *app)
{
    struct admin_exposition_label labels[] = {
        {"app", app != NULL ? bytes_of(app->id) : BYTES("")}, {"route", {0}}, {"status", {0}}};

    for (size_t i = 0; i < METRICS_REQUESTS_ROUTES_COUNT * METRICS_REQUESTS_STATUSES_COUNT; i++) {
        const size_t route = i / METRICS_REQUESTS_STATUSES_COUNT;
        const size_t status = i % METRICS_REQUESTS_STATUSES_COUNT;
        uint64_t sum = 0;

        for (size_t worker = 0; worker < writer->source->workers_count; worker++) {
            const struct metrics_requests *requests =
                atomic_load_explicit(&of_app(writer, app, worker)->requests, memory_order_acquire);

            if (requests != NULL)
                sum += metrics_read(&requests->counts[route][status]);
        }
        if (sum == 0)
            continue;
        labels[1].value = bytes_of(metrics_requests_route_name((enum metrics_requests_route)route));
        labels[2].value = bytes_of(metrics_requests_status_name(status));
        admin_exposition_add(&writer->exposition, labels, 3, (double)sum);
    }
}

/* Only what has occurred: there are many combinations. */
static void write_requests(struct writer *writer)
{
    admin_exposition_begin(&writer->exposition, "reverb_requests", ADMIN_EXPOSITION_COUNTER,
                           "HTTP requests that were answered.");
    EACH_APP(app, writer->source)
    add_requests(writer, app);
    add_requests(writer, NULL);
}

static void write_channels(struct writer *writer)
{
    admin_exposition_begin(&writer->exposition, "reverb_channels", ADMIN_EXPOSITION_GAUGE,
                           "Channels that somebody is subscribed to on this node.");
    EACH_APP(app, writer->source)
    {
        for (unsigned kind = 0; kind < CHANNEL_KIND_COUNT; kind++)
            add_of_app(writer, app, "kind", channel_kind_name(kind),
                       (double)channel_registry_count_of_kind(app->channels, kind));
    }
}

static void write_app_gauges(struct writer *writer)
{
    admin_exposition_begin(&writer->exposition, "reverb_connections", ADMIN_EXPOSITION_GAUGE,
                           "WebSocket connections that are open.");
    EACH_APP(app, writer->source)
    add_of_app(writer, app, NULL, NULL, atomic_load(&app->connections_count));
    write_channels(writer);
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
    app_counter(writer, "reverb_bytes_sent", "Bytes of messages to clients; each receiver counts.",
                offsetof(struct metrics_app, bytes_sent));
    app_counter(writer, "reverb_events_published", "Events that applications published.",
                offsetof(struct metrics_app, events_published));
    app_counters(writer, "reverb_rejected", "What was refused, by reason.",
                 offsetof(struct metrics_app, rejected), "reason", reject_names,
                 COUNT(reject_names));
    write_requests(writer);
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
    histogram(writer, "reverb_subscribe_duration_seconds",
              "From a client's request to subscribe to its answer.",
              offsetof(struct metrics, subscribe_ns), unit_s, 1e-9);
    histogram(writer, "reverb_ping_rtt_seconds", "From a ping to the client's next message.",
              offsetof(struct metrics, ping_ms), METRICS_PING_UNIT_MS / 1e3, 1e-3);
    histogram(writer, "reverb_loop_turn_seconds", "Turns of the workers' loops, without waiting.",
              offsetof(struct metrics, turn_ns), unit_s, 1e-9);
    histogram(writer, "reverb_fanout_receivers",
              "Receivers on one worker of the events that a turn published to a channel.",
              offsetof(struct metrics, fanout_receivers), METRICS_RECEIVERS_UNIT, 1);
}

static void add_memory(struct writer *writer, const char *kind, size_t bytes)
{
    const struct admin_exposition_label label = {"kind", bytes_of(kind)};

    admin_exposition_add(&writer->exposition, &label, 1, (double)bytes);
}

/* Not mallinfo2(): that takes the allocator's locks, for which the workers would wait. */
static void write_memory(struct writer *writer)
{
    size_t resident_bytes = 0;
    size_t file_bytes = 0;

    uv_resident_set_memory(&resident_bytes);
    admin_exposition_begin(&writer->exposition, "reverb_memory_bytes", ADMIN_EXPOSITION_GAUGE,
                           "Memory of the process that is resident: all, and what is no file's.");
    add_memory(writer, "resident", resident_bytes);
    if (platform_resident_file_bytes(&file_bytes) && file_bytes <= resident_bytes)
        add_memory(writer, "anonymous", resident_bytes - file_bytes);
    gauge(writer, "reverb_backlog_bytes", "Memory of what slow readers have not taken yet.",
          (double)net_chunk_held_bytes());
}

static void write_certificate(struct writer *writer)
{
    const int64_t expires_s =
        writer->source->tls != NULL ? net_tls_expires_s(writer->source->tls) : 0;

    if (expires_s != 0)
        gauge(writer, "reverb_certificate_expiry_timestamp_seconds",
              "When the certificate expires, in Unix time.", (double)expires_s);
}

static void write_process(struct writer *writer)
{
    const struct admin_metrics_source *source = writer->source;
    const struct admin_exposition_label version = {"version", BYTES(VERSION)};
    const struct admin_exposition_label io = {"by", bytes_of(source->io->name)};

    admin_exposition_begin(&writer->exposition, "reverb_build", ADMIN_EXPOSITION_INFO,
                           "The version that runs.");
    admin_exposition_add(&writer->exposition, &version, 1, 1);
    admin_exposition_begin(&writer->exposition, "reverb_io", ADMIN_EXPOSITION_INFO,
                           "How sockets are served.");
    admin_exposition_add(&writer->exposition, &io, 1, 1);
    gauge(writer, "reverb_start_time_seconds", "When the server started, in Unix time.",
          source->started_s);
    gauge(writer, "reverb_workers", "Worker threads.", (double)source->workers_count);
    gauge(writer, "reverb_open_files", "Connections that hold an open file.",
          (double)atomic_load(&source->descriptors->connections_count));
    gauge(writer, "reverb_open_files_limit", "Connections that open files allow.",
          (double)source->descriptors->connections_max);
    write_memory(writer);
    write_certificate(writer);
    counter(writer, "reverb_slow_readers_closed",
            "Clients that were closed because they took nothing.",
            (double)sum_of_workers(writer, offsetof(struct metrics, slow_readers_closed)));
    counter(writer, "reverb_stale_closed", "Clients that were closed because they did not answer.",
            (double)sum_of_workers(writer, offsetof(struct metrics, stale_closed)));
}

static void write_round_trips(struct writer *writer)
{
    const struct metrics_histogram *histogram = cluster_round_trips_ns(writer->source->cluster);

    admin_exposition_begin(&writer->exposition, "reverb_cluster_round_trip_seconds",
                           ADMIN_EXPOSITION_HISTOGRAM,
                           "From operations sent to Redis to its answer.");
    admin_exposition_add_histogram(&writer->exposition, &histogram, 1,
                                   METRICS_DURATION_UNIT_NS / 1e9, 1e-9);
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
    gauge(writer, "reverb_cluster_outbox_bytes", "Memory of the events that wait for Redis.",
          (double)status.kept_bytes);
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
    write_round_trips(writer);
}

/* --- webhooks ------------------------------------------------------------------------------- */

/* What is told of each target. The URL alone may be a secret; its host is none. */
struct webhook_family {
    struct writer *writer;
    double (*value_of)(const struct webhook_target *target, uint64_t now_ms);
};

static double delivered_of(const struct webhook_target *target, uint64_t now_ms)
{
    (void)now_ms;
    return (double)target->delivered_count;
}

static double failures_of(const struct webhook_target *target, uint64_t now_ms)
{
    (void)now_ms;
    return (double)target->failed_count;
}

static double full_of(const struct webhook_target *target, uint64_t now_ms)
{
    (void)now_ms;
    return (double)target->full_count;
}

static double expired_of(const struct webhook_target *target, uint64_t now_ms)
{
    (void)now_ms;
    return (double)target->expired_count;
}

static double queue_of(const struct webhook_target *target, uint64_t now_ms)
{
    (void)now_ms;
    return (double)(target->queue_bytes + target->batch.body.len);
}

static double age_of(const struct webhook_target *target, uint64_t now_ms)
{
    return (double)webhook_target_age_ms(target, now_ms) / 1000;
}

static void add_webhook(const struct webhook_target *target, uint64_t now_ms, void *user)
{
    const struct webhook_family *family = user;
    struct buffer url = {0};
    struct admin_exposition_label labels[] = {{"app", bytes_of(target->spec.app_id)}, {"url", {0}}};

    config_webhook_print_url(target->spec.webhook.url, &url);
    labels[1].value = buffer_bytes(&url);
    admin_exposition_add(&family->writer->exposition, labels, sizeof labels / sizeof labels[0],
                         family->value_of(target, now_ms));
    buffer_deinit(&url);
}

static void write_webhook_family(struct writer *writer, const char *name,
                                 enum admin_exposition_type type, const char *help,
                                 double (*value_of)(const struct webhook_target *, uint64_t))
{
    struct webhook_family family = {writer, value_of};

    admin_exposition_begin(&writer->exposition, name, type, help);
    webhook_visit(writer->source->webhook, add_webhook, &family);
}

static void write_webhooks(struct writer *writer)
{
    if (writer->source->webhook == NULL || !webhook_has_targets(writer->source->webhook))
        return;
    write_webhook_family(writer, "reverb_webhook_events_delivered", ADMIN_EXPOSITION_COUNTER,
                         "Events that a webhook's receiver has taken.", delivered_of);
    write_webhook_family(writer, "reverb_webhook_failures", ADMIN_EXPOSITION_COUNTER,
                         "Requests to a webhook's receiver that failed.", failures_of);
    write_webhook_family(writer, "reverb_webhook_events_expired", ADMIN_EXPOSITION_COUNTER,
                         "Events that were dropped after retry_for.", expired_of);
    write_webhook_family(writer, "reverb_webhook_events_refused", ADMIN_EXPOSITION_COUNTER,
                         "Events that were dropped because the queue was full.", full_of);
    write_webhook_family(writer, "reverb_webhook_queue_bytes", ADMIN_EXPOSITION_GAUGE,
                         "What waits for a webhook's receiver.", queue_of);
    write_webhook_family(writer, "reverb_webhook_age_seconds", ADMIN_EXPOSITION_GAUGE,
                         "How long the first event has been waiting.", age_of);
}

void admin_metrics_write(struct buffer *out, const struct admin_metrics_source *source,
                         bool is_open_metrics)
{
    struct writer writer = {
        .exposition = {.out = out, .is_open_metrics = is_open_metrics},
        .source = source,
        .leaves_zeros_out = count_apps(source) > APPS_WITH_ZEROS_MAX,
    };

    write_process(&writer);
    write_app_gauges(&writer);
    write_app_counters(&writer);
    write_durations(&writer);
    write_cluster(&writer);
    write_webhooks(&writer);
    admin_exposition_end(&writer.exposition);
}
