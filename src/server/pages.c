#include "server/pages.h"

#include "admin/metrics.h"
#include "server/console.h"

static void refuse(struct admin_page *page, const char *json)
{
    page->status = 503;
    buffer_append_text(&page->body, json);
}

static void write_live(const struct server_state *server, struct admin_page *page)
{
    if (atomic_load(&server->stalled_workers_count) > 0 || cluster_is_stalled(server->cluster))
        refuse(page, "{\"live\":false,\"reason\":\"a thread has stalled\"}\n");
    else
        buffer_append_text(&page->body, "{\"live\":true}\n");
}

static void add_reason(struct buffer *reasons, bool is_so, const char *reason)
{
    if (is_so)
        buffer_printf(reasons, "%s\"%s\"", reasons->len > 0 ? "," : "", reason);
}

static bool is_table_full(const struct net_descriptors *descriptors)
{
    return atomic_load(&descriptors->websockets_count) >= descriptors->websockets_max;
}

/* If Redis is away, the node serves its clients alone: that counts only if it is configured. */
static bool misses_redis(const struct server_state *server)
{
    return server->config->ready_needs_redis && server->cluster != NULL &&
           !cluster_is_connected(server->cluster);
}

static void write_ready(const struct server_state *server, struct admin_page *page)
{
    struct buffer reasons = {0};

    add_reason(&reasons, atomic_load(&server->is_lame_duck), "draining");
    add_reason(&reasons, server->is_ending && !atomic_load(&server->is_lame_duck), "ending");
    add_reason(&reasons, is_table_full(&server->descriptors), "no open file is left for clients");
    add_reason(&reasons, atomic_load(&server->stalled_workers_count) > 0, "a worker has stalled");
    add_reason(&reasons, cluster_is_stalled(server->cluster),
               "the thread that speaks to Redis has stalled");
    add_reason(&reasons, misses_redis(server), "Redis is away");
    if (reasons.len == 0) {
        buffer_append_text(&page->body, "{\"ready\":true}\n");
    } else {
        page->status = 503;
        buffer_printf(&page->body, "{\"ready\":false,\"reasons\":[%.*s]}\n",
                      BYTES_ARGS(buffer_bytes(&reasons)));
    }
    buffer_deinit(&reasons);
}

static void on_admin_page(struct admin_page *page, void *user)
{
    struct server_state *server = user;

    if (server_console_write(server, page))
        return;
    if (page->kind == ADMIN_PAGE_LIVE)
        write_live(server, page);
    else if (page->kind == ADMIN_PAGE_READY)
        write_ready(server, page);
    else
        admin_metrics_write(&page->body,
                            &(struct admin_metrics_source){
                                .apps = server->apps,
                                .cluster = server->cluster,
                                .tls = server->tls,
                                .workers = server->pusher_workers,
                                .webhook = server->webhook,
                                .metrics = server->metrics,
                                .workers_count = server->workers_count,
                                .descriptors = &server->descriptors,
                                .io = &server->io,
                                .started_s = server->started_s,
                            },
                            page->kind == ADMIN_PAGE_OPEN_METRICS);
}

/* Before the workers start, so that an unusable address ends the start. */
bool server_pages_open(struct server_state *server, struct buffer *error)
{
    if (server->config->admin == NULL) {
        server_listen_leave_other(&server->listen);
        return true;
    }
    server->admin = admin_open(server->config, server->listen.other_fd, &server->mailbox,
                               on_admin_page, server, error);
    return server->admin != NULL;
}

void server_pages_close(struct server_state *server)
{
    if (server->admin == NULL)
        return;
    admin_end(server->admin);
    net_mailbox_drain(&server->mailbox);
    admin_free(server->admin);
    server->admin = NULL;
}
