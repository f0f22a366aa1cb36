/* The parts of a running server, for the files of this folder.
 *
 * Thread: main, unless a field is atomic.
 */
#pragma once

#include "admin/admin.h"
#include "net/io.h"
#include "observer/busy.h"
#include "pusher/cluster_events.h"
#include "server/commands.h"
#include "server/control.h"
#include "server/listen.h"
#include "server/reload.h"
#include "server/start.h"
#include "server/succession.h"
#include "server/tails.h"
#include "server/top.h"
#include "server/why.h"
#include "webhook/cluster.h"

#define SERVER_STATE_ENDING_SIGNALS 4

/* After so many checks in a row, one a second, without progress a thread has stalled. */
#define SERVER_STATE_STALLED_LOOKS 5

struct server_state {
    const struct server_start *start;
    const struct config_options *options;
    struct config *config; /* of the start; `reload` owns it */
    struct server_listen listen;

    struct ip_ranges trusted_proxies;
    struct net_address_table *addresses;
    struct net_descriptors descriptors;
    struct net_io io;
    struct net_tls *tls;     /* NULL: plain */
    struct cluster *cluster; /* NULL: the only node */
    struct pusher_cluster_events nodes;
    struct webhook *webhook;
    struct webhook_cluster webhook_cluster;
    struct pusher_apps *apps;
    struct pusher_worker *pusher_workers;
    struct pusher_refusals *refusals;
    struct channel_fanout **fanouts;
    struct metrics *metrics;
    struct server_worker *workers;
    size_t workers_count;

    uv_loop_t loop;
    uv_signal_t signals[SERVER_STATE_ENDING_SIGNALS];
    uv_signal_t reload_signal;
    uv_timer_t housekeeping;
    uv_timer_t lame_duck;
    uv_async_t wake; /* a worker has stopped listening, ended, or applied a reload */
    struct server_control *control;
    struct net_mailbox mailbox; /* of the main thread */
    struct admin *admin;        /* NULL: not configured */
    struct server_succession succession;
    atomic_size_t listening_count; /* workers that still accept */
    atomic_size_t ended_count;
    uint64_t started_ms;
    double started_s; /* Unix time */
    bool is_ending;
    atomic_bool is_lame_duck; /* it is about to end, and still accepts clients */
    uint64_t ends_by_ms;      /* after it a worker counts as stalled; 0: not known yet */
    unsigned housekeepings_count;
    atomic_size_t stalled_workers_count; /* without progress for SERVER_STATE_STALLED_LOOKS */
    bool was_lame_duck;                  /* to the end of that time */
    bool is_hastened;                    /* remaining clients are closed at once */
    bool are_told;                       /* the workers were notified of the end */
    bool has_lost_parent;                /* the process that started it has gone */

    /* Only if `php artisan reverb:start` has started the server. */
    struct observer_laravel *laravel;
    struct server_commands *commands;

    struct observer_tail *tail;
    struct observer_history *history;
    struct observer_busy *busy;
    struct list console_watchers; /* server/console.h */
    size_t console_watchers_count;
    uint64_t console_watcher_number; /* the last one given */
    struct server_tails tails;
    struct server_why why;
    struct server_top top;
    struct pusher_observers debug;
    const struct pusher_observers *observers;
    struct server_reload reload;
};
