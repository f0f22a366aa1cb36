/* The administration listener: an HTTP server for operators, on an address of its own, never on the
 * public port. GET /metrics, /live, /ready; the console's files, and what it asks for.
 *
 * It has a thread of its own, so that a slow scraper delays nothing else. The main thread, which
 * owns the apps, writes the pages: the request is mailed to it, and the page is mailed back. If the
 * main thread does not reply in time, the answer is 503 and says so.
 *
 * Thread: main opens, starts, ends and frees it.
 */
#pragma once

#include "base/buffer.h"
#include "config/config.h"
#include "net/mailbox.h"

struct admin;

enum admin_page_kind {
    ADMIN_PAGE_METRICS,      /* Prometheus' text format */
    ADMIN_PAGE_OPEN_METRICS, /* OpenMetrics 1.0 */
    ADMIN_PAGE_LIVE,
    ADMIN_PAGE_READY,
    /* The console's. */
    ADMIN_PAGE_TAIL,
    ADMIN_PAGE_BUSY,
    ADMIN_PAGE_MEMBERS,
    ADMIN_PAGE_NODES,
    ADMIN_PAGE_PUBLISH,
    ADMIN_PAGE_DISCONNECT,
    ADMIN_PAGE_TERMINATE,
};

/* A page that the main thread must write: it appends the body, may change the status, and may
 * append headers, each with its CRLF. */
struct admin_page {
    enum admin_page_kind kind;
    struct buffer query; /* of the URL, as sent */
    unsigned status;     /* 200 */
    struct buffer headers;
    struct buffer body;
};

typedef void (*admin_write_fn)(struct admin_page *page, void *user);

/* Listens on `settings->admin`; NULL, and one line in `error`, if it cannot. `main_mailbox` is the
 * main thread's, which calls `write` for each page. `inherited_fd` is -1, or a listening socket of
 * another process, which is used if it has the right address. */
struct admin *admin_open(const struct config *settings, int inherited_fd,
                         struct net_mailbox *main_mailbox, admin_write_fn write, void *user,
                         struct buffer *error);

/* The listening socket, borrowed, for another process to inherit. */
int admin_fd(const struct admin *admin);

/* Another process has inherited the socket: the file of a Unix socket is not removed. */
void admin_bequeath(struct admin *admin);
void admin_start(struct admin *admin);

/* The port that the system chose, if the address has port 0; 0 for a Unix socket. */
uint16_t admin_port(const struct admin *admin);

/* Closes all connections and ends the thread; the caller must then drain the main mailbox once
 * more. */
void admin_end(struct admin *admin);
void admin_free(struct admin *admin); /* NULL is fine */
