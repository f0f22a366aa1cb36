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

static void write_ready(const struct server_state *server, struct admin_page *page)
{
    if (server->is_ending)
        refuse(page, "{\"ready\":false,\"reason\":\"ending\"}\n");
    else
        buffer_append_text(&page->body, "{\"ready\":true}\n");
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
