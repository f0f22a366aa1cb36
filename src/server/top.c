#include "server/top.h"

#include "base/jsonwrite.h"
#include "base/mem.h"
#include "base/version.h"
#include "metrics/metrics.h"
#include "net/chunk.h"
#include "server/backlogs.h"

#include <unistd.h>

#define WORKERS_ANSWER_MS 2000
/* With more apps than this, those without a connection are left out. */
#define APPS_WITH_IDLE_MAX 100

struct waiting {
    struct list link;
    struct server_control_caller *caller;
};

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* --- writing -------------------------------------------------------------------------------- */

/* The sum over the workers of the counter at `offset` in struct metrics_app. */
static unsigned long long sum_of(const struct server_top *top, const struct pusher_app *app,
                                 size_t offset)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < top->workers_count; i++)
        sum += metrics_read(
            (const struct metrics_counter *)((const char *)pusher_app_metrics(app, i) + offset));
    return sum;
}

static unsigned long long refused_of(const struct server_top *top, const struct pusher_app *app)
{
    unsigned long long sum = 0;

    for (size_t i = 0; i < METRICS_APP_REJECTS_COUNT; i++)
        sum += sum_of(top, app, offsetof(struct metrics_app, rejected[i]));
    return sum;
}

static void write_app(const struct server_top *top, const struct pusher_app *app,
                      struct buffer *out)
{
    buffer_append_text(out, out->data[out->len - 1] == '[' ? "{\"app\":" : ",{\"app\":");
    jsonwrite_string(out, bytes_of(app->id));
    buffer_printf(out, ",\"connections\":%u,\"channels\":%zu", atomic_load(&app->connections_count),
                  channel_registry_count(app->channels));
    buffer_printf(out, ",\"messages_received\":%llu,\"messages_sent\":%llu",
                  sum_of(top, app, offsetof(struct metrics_app, messages_received)),
                  sum_of(top, app, offsetof(struct metrics_app, messages_sent)));
    buffer_printf(out, ",\"events_published\":%llu,\"refused\":%llu}",
                  sum_of(top, app, offsetof(struct metrics_app, events_published)),
                  refused_of(top, app));
}

static size_t count_apps(const struct server_top *top)
{
    size_t count = 0;

    for (struct pusher_app *app = pusher_apps_first(top->apps); app != NULL; app = app->next)
        count += !atomic_load(&app->is_removed);
    return count;
}

static void write_apps(const struct server_top *top, struct buffer *out)
{
    const size_t count = count_apps(top);

    buffer_printf(out, ",\"apps_count\":%zu,\"apps\":[", count);
    for (struct pusher_app *app = pusher_apps_first(top->apps); app != NULL; app = app->next)
        if (!atomic_load(&app->is_removed) &&
            (count <= APPS_WITH_IDLE_MAX || atomic_load(&app->connections_count) > 0))
            write_app(top, app, out);
    buffer_append_char(out, ']');
}

static void write_totals(const struct server_top *top, struct buffer *out)
{
    size_t connections = 0;
    size_t channels = 0;
    size_t memory_bytes = 0;

    for (struct pusher_app *app = pusher_apps_first(top->apps); app != NULL; app = app->next) {
        connections += atomic_load(&app->connections_count);
        channels += channel_registry_count(app->channels);
    }
    uv_resident_set_memory(&memory_bytes);
    buffer_printf(out, "{\"at_ms\":%llu,\"version\":\"%s\",\"pid\":%d,\"uptime_s\":%llu",
                  (unsigned long long)now_ms(), VERSION, (int)getpid(),
                  (unsigned long long)(now_ms() - top->started_ms) / 1000);
    buffer_printf(out, ",\"workers\":%zu,\"connections\":%zu,\"channels_count\":%zu",
                  top->workers_count, connections, channels);
    buffer_printf(out, ",\"memory_bytes\":%zu,\"backlog_bytes\":%zu", memory_bytes,
                  net_chunk_held_bytes());
}

/* `connections` is a JSON array; absent: a worker has not answered. */
static void answer_all(struct server_top *top, struct bytes connections)
{
    struct buffer out = {0};

    if (!list_is_empty(&top->waiting)) {
        write_totals(top, &out);
        write_apps(top, &out);
        buffer_append_text(&out, ",\"channels\":");
        observer_busy_write(top->busy, top->apps, &out);
        buffer_append_text(&out, ",\"connections_by_backlog\":");
        buffer_append_bytes(&out, connections.data != NULL ? connections : BYTES("null"));
        buffer_append_char(&out, '}');
    }
    LIST_EACH(link, following, &top->waiting) {
        struct waiting *waiting = LIST_OWNER(link, struct waiting, link);

        list_remove(link); /* each caller waits once: if it goes now, no other is removed */
        server_control_answer(waiting->caller, buffer_bytes(&out));
        free(waiting);
    }
    buffer_deinit(&out);
}

/* --- answering ------------------------------------------------------------------------------ */

static void on_walked(struct bytes connections, void *user)
{
    struct server_top *top = user;

    top->walks_since_ms = 0;
    answer_all(top, connections);
}

bool server_top_hear(struct server_top *top, struct server_control_caller *caller,
                     struct bytes command)
{
    struct waiting *waiting;

    if (!bytes_equal(command, BYTES("top")))
        return false;
    server_top_forget(top, caller); /* it has asked before, and is answered once */
    waiting = mem_new(sizeof *waiting);
    waiting->caller = caller;
    list_append(&top->waiting, &waiting->link);
    if (top->walks_since_ms == 0) {
        top->walks_since_ms = now_ms();
        server_backlogs_walk(top->workers, top->workers_count, top->mailbox, on_walked, top);
    }
    return true;
}

void server_top_tick(struct server_top *top)
{
    if (top->walks_since_ms != 0 && now_ms() - top->walks_since_ms > WORKERS_ANSWER_MS)
        answer_all(top, BYTES_NONE);
}

void server_top_forget(struct server_top *top, struct server_control_caller *caller)
{
    LIST_EACH(link, following, &top->waiting) {
        struct waiting *waiting = LIST_OWNER(link, struct waiting, link);

        if (waiting->caller != caller)
            continue;
        list_remove(link);
        free(waiting);
    }
}

void server_top_init(struct server_top *top)
{
    list_init(&top->waiting);
    top->started_ms = now_ms();
}
