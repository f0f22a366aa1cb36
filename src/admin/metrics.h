/* The metrics page: the counters of the workers, the apps, the cluster and the process.
 *
 * Thread: main, which owns the apps. Labels are names from the configuration and a fixed set of
 * ours: clients cannot create any.
 */
#pragma once

#include "base/buffer.h"
#include "cluster/cluster.h"
#include "net/descriptors.h"
#include "net/io.h"
#include "net/tls.h"
#include "pusher/apps.h"
#include "pusher/worker.h"
#include "webhook/webhook.h"

struct admin_metrics_source {
    struct pusher_apps *apps;
    struct cluster *cluster;             /* NULL: no cluster */
    struct net_tls *tls;                 /* NULL: plain */
    struct webhook *webhook;             /* NULL: none */
    const struct pusher_worker *workers; /* an array */
    const struct metrics *metrics;       /* an element for each worker */
    size_t workers_count;
    const struct net_descriptors *descriptors;
    const struct net_io *io;
    double started_s; /* Unix time */
};

void admin_metrics_write(struct buffer *out, const struct admin_metrics_source *source,
                         bool is_open_metrics);
