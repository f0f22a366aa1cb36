/* The status of a running server: pid, uptime, connections, channels, messages, memory.
 * Thread: main. */
#pragma once

#include "net/io.h"
#include "pusher/apps.h"

struct server_status {
    const struct config *config;
    uint16_t port;
    uint64_t started_ms;
    uint64_t now_ms;
    const char *state; /* "running" or "ending" */
    struct pusher_apps *apps;
    struct cluster *cluster;       /* NULL: the only node */
    const struct metrics *metrics; /* one element a worker */
    size_t workers_count;
    size_t stalled_workers_count;
    const struct net_io *io;
};

/* Appends one line of JSON. */
void server_status_write(struct buffer *out, const struct server_status *status);
