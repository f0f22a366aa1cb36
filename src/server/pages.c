#include "server/pages.h"

#include "admin/metrics.h"

static void write_health(const struct server_state *server, struct admin_page *page)
{
    const bool is_ready = page->kind == ADMIN_PAGE_LIVE || !server->is_ending;

    if (page->kind == ADMIN_PAGE_LIVE &&
        (atomic_load(&server->stalled_workers_count) > 0 || cluster_is_stalled(server->cluster))) {
        page->status = 503;
        buffer_append_text(&page->body, "{\"live\":false,\"reason\":\"a thread has stalled\"}\n");
    } else if (!is_ready) {
        page->status = 503;
        buffer_append_text(&page->body, "{\"ready\":false,\"reason\":\"ending\"}\n");
    } else {
        buffer_printf(&page->body, "{\"%s\":true}\n",
                      page->kind == ADMIN_PAGE_LIVE ? "live" : "ready");
    }
}

static void on_admin_page(struct admin_page *page, void *user)
{
    const struct server_state *server = user;

    if (page->kind == ADMIN_PAGE_LIVE || page->kind == ADMIN_PAGE_READY)
        write_health(server, page);
    else
        admin_metrics_write(&page->body,
                            &(struct admin_metrics_source){
                                .apps = server->apps,
                                .cluster = server->cluster,
                                .metrics = server->metrics,
                                .workers_count = server->workers_count,
                                .descriptors = &server->descriptors,
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
