#include "cluster/cluster.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "cluster/apply.h"
#include "cluster/ending.h"
#include "cluster/follow.h"
#include "cluster/heartbeat.h"
#include "cluster/pending_query.h"
#include "cluster/sentinel_watch.h"
#include "cluster/watchdog.h"
#include "net/lending.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Each partition has a hash tag of its own, so that Redis Cluster spreads them. All nodes must
 * agree. */
#define PARTITIONS_OF_CLUSTER 16
#define TICK_MS 50
/* Channels and members that are remembered of what webhooks were told. */
#define TOLD_MAX 65536
#define END_MS 2000
/* A thread that has not ended by then has stalled. */
#define END_MAX_MS 4000
/* No limit for Redis: its output backlog is bounded by what is sent to it. */
#define BACKLOG_BYTES_MAX UINT32_MAX

struct cluster {
    struct net_loop loop;
    pthread_t thread;
    struct net_lending lending; /* to the worker that alone uses it */
    uv_timer_t tick;
    struct cluster_link_shared shared;
    struct cluster_link *links;
    size_t links_count;
    struct list queries;
    uint64_t end_ms; /* deadline for ending, whatever is queued; 0: it does not end yet */
    struct cluster_watchdog watchdog;
    struct cluster_sentinel_watch sentinel_watch;
    bool is_guest;       /* of a worker's loop: it has no thread of its own */
    uv_mutex_t end_lock; /* over `has_ended` */
    uv_cond_t end_signal;
    bool has_ended;
};

/* --- what workers report -------------------------------------------------------------------- */

static void on_op_mail(struct net_mail *mail, void *owner)
{
    struct cluster_op *op = (struct cluster_op *)mail;
    struct cluster *cluster = owner;

    net_lending_note(&cluster->lending, op->from);
    cluster_apply(op->link, op);
    cluster_op_free(op);
}

static struct cluster_link *link_of(const struct cluster *cluster, struct cluster_key key)
{
    return &cluster->links[cluster_key_partition(key, cluster->links_count)];
}

/* The connection whose input led to it is not read from while its link has too much to do. A link
 * that is down is sent nothing for it; while the link reports this node's state, clients and
 * publishers must not wait for that. */
static void post(struct cluster *cluster, struct cluster_op *op)
{
    struct cluster_link *link = op->link;

    if (atomic_load_explicit(&link->is_up, memory_order_acquire))
        net_watermark_note(&link->sender.pending, 1);
    op->from = net_loop_running();
    NET_MAILBOX_POST(&cluster->loop.mailbox, op);
}

static struct cluster_op *op_new(enum cluster_op_kind kind, struct cluster_link *link,
                                 struct bytes head, struct bytes first, struct bytes second)
{
    struct cluster_op *op = cluster_op_new(kind, head, first, second);

    op->mail.deliver = on_op_mail;
    op->link = link;
    return op;
}

static struct cluster_op *op_of_channel(const struct cluster *cluster, enum cluster_op_kind kind,
                                        struct cluster_key key, struct bytes first,
                                        struct bytes second)
{
    struct buffer text = {0};
    struct cluster_op *op;

    cluster_key_write(&text, key);
    op = op_new(kind, link_of(cluster, key), buffer_bytes(&text), first, second);
    buffer_deinit(&text);
    return op;
}

static struct cluster_op *op_of_app(const struct cluster *cluster, enum cluster_op_kind kind,
                                    struct bytes app_id)
{
    const struct cluster_key key = {CLUSTER_KEY_USER, app_id, BYTES_NONE};

    return op_new(kind, link_of(cluster, key), app_id, BYTES_NONE, BYTES_NONE);
}

void cluster_subscriptions(struct cluster *cluster, struct cluster_key key, int change,
                           unsigned flags)
{
    struct cluster_op *op =
        op_of_channel(cluster, CLUSTER_OP_SUBSCRIPTIONS, key, BYTES_NONE, BYTES_NONE);

    op->number = change;
    op->flags = flags;
    post(cluster, op);
}

void cluster_join(struct cluster *cluster, struct cluster_key key, struct cluster_member member)
{
    post(cluster, op_of_channel(cluster, CLUSTER_OP_JOIN, key, member.user_id, member.user_info));
}

void cluster_leave(struct cluster *cluster, struct cluster_key key, struct bytes user_id,
                   bool is_unlisted)
{
    struct cluster_op *op = op_of_channel(cluster, CLUSTER_OP_LEAVE, key, user_id, BYTES_NONE);

    op->is_unlisted = is_unlisted;
    post(cluster, op);
}

void cluster_await(struct cluster *cluster, struct cluster_key key, struct cluster_waiter waiter,
                   unsigned flags)
{
    struct cluster_op *op = op_of_channel(cluster, CLUSTER_OP_AWAIT, key, BYTES_NONE, BYTES_NONE);

    op->waiter = waiter;
    op->flags = flags;
    post(cluster, op);
}

void cluster_publish(struct cluster *cluster, struct cluster_key key, uint64_t except,
                     struct net_chunk *frame, uint64_t ttl_ms, atomic_size_t *pending)
{
    struct cluster_op *op = op_of_channel(cluster, CLUSTER_OP_PUBLISH, key, BYTES_NONE, BYTES_NONE);

    op->waiter.socket_id = except;
    op->frame = net_chunk_ref(frame);
    op->ttl_ms = ttl_ms;
    op->pending = pending;
    if (pending != NULL)
        atomic_fetch_add_explicit(pending, 1, memory_order_relaxed);
    post(cluster, op);
}

void cluster_terminate(struct cluster *cluster, struct bytes app_id, struct bytes user_id)
{
    const struct cluster_key key = {CLUSTER_KEY_USER, app_id, user_id};

    post(cluster, op_of_channel(cluster, CLUSTER_OP_TERMINATE, key, BYTES_NONE, BYTES_NONE));
}

/* Each link has a share of the app's channels. */
void cluster_forget_cached(struct cluster *cluster, struct bytes app_id, uint64_t ttl_ms)
{
    for (size_t i = 0; i < cluster->links_count; i++) {
        struct cluster_op *op =
            op_new(CLUSTER_OP_FORGET_CACHED, &cluster->links[i], app_id, BYTES_NONE, BYTES_NONE);

        op->ttl_ms = ttl_ms;
        post(cluster, op);
    }
}

void cluster_connections(struct cluster *cluster, struct bytes app_id, int change)
{
    struct cluster_op *op = op_of_app(cluster, CLUSTER_OP_CONNECTIONS, app_id);

    op->number = change;
    post(cluster, op);
}

void cluster_admit(struct cluster *cluster, struct bytes app_id, uint32_t max, uint64_t socket_id)
{
    struct cluster_op *op = op_of_app(cluster, CLUSTER_OP_ADMIT, app_id);

    op->number = (int)max;
    op->waiter.socket_id = socket_id;
    post(cluster, op);
}

void cluster_lookup_online(struct cluster *cluster, struct cluster_key user_key,
                           struct cluster_waiter waiter)
{
    struct cluster_op *op =
        op_of_channel(cluster, CLUSTER_OP_LOOKUP_ONLINE, user_key, BYTES_NONE, BYTES_NONE);

    op->waiter = waiter;
    post(cluster, op);
}

static void on_query_mail(struct net_mail *mail, void *owner)
{
    struct cluster_pending_query *query = (struct cluster_pending_query *)mail;
    struct cluster *cluster = query->cluster;

    (void)owner;
    net_lending_note(&cluster->lending, query->from);
    cluster_pending_query_begin(query, cluster->links, cluster->links_count, &cluster->queries,
                                net_loop_now_ms(&cluster->loop));
}

void cluster_take_query(struct cluster *cluster, struct cluster_pending_query **query)
{
    if (cluster_watchdog_is_stalled(&cluster->watchdog)) {
        cluster_pending_query_refuse(query);
        return;
    }
    (*query)->cluster = cluster;
    (*query)->from = net_loop_running();
    (*query)->mail.deliver = on_query_mail;
    NET_MAILBOX_POST(&cluster->loop.mailbox, *query);
}

/* --- the thread ----------------------------------------------------------------------------- */

static void on_turn_end(void *user)
{
    struct cluster *cluster = user;

    for (size_t i = 0; i < cluster->links_count; i++)
        cluster_link_flush(&cluster->links[i]);
    net_lending_end_turn(&cluster->lending);
}

static void give_up_queries(struct cluster *cluster, uint64_t now_ms)
{
    LIST_EACH(at, following, &cluster->queries) {
        struct cluster_pending_query *query = LIST_OWNER(at, struct cluster_pending_query, link);

        if (now_ms - query->progress_ms >= CLUSTER_QUERY_TIMEOUT_MS)
            cluster_pending_query_give_up(query);
    }
}

static bool have_ended(const struct cluster *cluster)
{
    for (size_t i = 0; i < cluster->links_count; i++)
        if (cluster->links[i].phase != CLUSTER_LINK_ENDED)
            return false;
    return true;
}

/* While this thread was stalled the node decided alone, and its state may differ from what all
 * nodes agreed on: it joins them again. */
static void resume(struct cluster *cluster)
{
    log_warn("the thread that speaks to Redis runs again");
    for (size_t i = 0; i < cluster->links_count; i++)
        cluster_link_rejoin(&cluster->links[i]);
}

/* Behind Sentinel there is one link. */
static void on_moved(const struct cluster_redis_address *address, void *user)
{
    struct cluster *cluster = user;

    cluster_link_move(&cluster->links[0], address);
}

static void watch_sentinels(struct cluster *cluster, uint64_t now_ms)
{
    const struct cluster_link *link = &cluster->links[0];

    cluster_sentinel_watch_tick(&cluster->sentinel_watch,
                                cluster_link_talks(link) ? &link->connector.address : NULL, now_ms);
}

static void on_tick(uv_timer_t *timer)
{
    struct cluster *cluster = timer->data;
    const uint64_t now_ms = net_loop_now_ms(&cluster->loop);

    if (cluster_watchdog_resume(&cluster->watchdog))
        resume(cluster);
    for (size_t i = 0; i < cluster->links_count; i++) {
        cluster_link_tick(&cluster->links[i], now_ms);
        cluster_heartbeat_tick(&cluster->links[i], now_ms);
        cluster_follow_tick(&cluster->links[i], now_ms);
    }
    watch_sentinels(cluster, now_ms);
    give_up_queries(cluster, now_ms);
    if (cluster->end_ms != 0 && (have_ended(cluster) || now_ms >= cluster->end_ms)) {
        uv_timer_stop(&cluster->tick);
        net_loop_stop(&cluster->loop);
    }
}

static void *run(void *user)
{
    struct cluster *cluster = user;

    net_lending_run(&cluster->lending);
    uv_mutex_lock(&cluster->end_lock);
    cluster->has_ended = true;
    uv_cond_signal(&cluster->end_signal);
    uv_mutex_unlock(&cluster->end_lock);
    return NULL;
}

struct end_mail {
    struct net_mail mail;
    struct cluster *cluster;
};

static void on_end_mail(struct net_mail *mail, void *owner)
{
    struct cluster *cluster = ((struct end_mail *)mail)->cluster;

    (void)owner;
    cluster->end_ms = net_loop_now_ms(&cluster->loop) + END_MS;
    for (size_t i = 0; i < cluster->links_count; i++) {
        cluster_follow_end(&cluster->links[i], net_loop_now_ms(&cluster->loop));
        cluster_ending_begin(&cluster->links[i]);
    }
    free(mail);
}

/* --- life ----------------------------------------------------------------------------------- */

static void name_process(struct cluster_link_shared *shared)
{
    unsigned char random[6];

    random_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(shared->process + 2 * i, 3, "%02x", random[i]);
}

struct cluster *cluster_open(const struct config_scaling *settings,
                             const struct cluster_events *events, void *user,
                             struct net_descriptors *descriptors, struct buffer *error)
{
    struct cluster *cluster = mem_new(sizeof *cluster);

    cluster->shared.settings = settings;
    cluster->shared.events = events;
    cluster->shared.user = user;
    cluster->shared.loop = &cluster->loop;
    name_process(&cluster->shared);
    cluster_away_init(&cluster->shared.away, settings);
    list_init(&cluster->queries);
    if (settings->tls.enabled) {
        cluster->shared.tls = net_tls_new_client(&settings->tls, error);
        if (cluster->shared.tls == NULL) {
            cluster_away_deinit(&cluster->shared.away);
            free(cluster);
            return NULL;
        }
    }
    CHECK(uv_mutex_init(&cluster->end_lock) == 0 && uv_cond_init(&cluster->end_signal) == 0);
    CHECK(net_loop_open(&cluster->loop, descriptors, BACKLOG_BYTES_MAX, on_turn_end, cluster) == 0);
    net_lending_init(&cluster->lending, &cluster->loop);
    CHECK(uv_timer_init(&cluster->loop.uv, &cluster->tick) == 0);
    cluster->tick.data = cluster;
    cluster->links_count = settings->cluster ? PARTITIONS_OF_CLUSTER : 1;
    cluster->shared.links_count = cluster->links_count;
    cluster->links = mem_new(cluster->links_count * sizeof *cluster->links);
    for (size_t i = 0; i < cluster->links_count; i++) {
        cluster_link_init(&cluster->links[i], &cluster->shared, i, cluster->links_count);
        cluster_changes_init(&cluster->links[i].changes, i, TOLD_MAX / cluster->links_count);
    }
    cluster->sentinel_watch =
        (struct cluster_sentinel_watch){.on_moved = on_moved, .user = cluster};
    cluster_sentinel_watch_init(&cluster->sentinel_watch, &cluster->loop, settings,
                                cluster->shared.tls);
    return cluster;
}

void cluster_start(struct cluster *cluster, struct net_loop *host)
{
    cluster->is_guest = host != NULL && net_loop_take_guest(host, &cluster->loop);
    CHECK(uv_timer_start(&cluster->tick, on_tick, 0, TICK_MS) == 0);
    if (cluster->is_guest) {
        net_lending_close(&cluster->lending);
        return;
    }
    CHECK(pthread_create(&cluster->thread, NULL, run, cluster) == 0);
#if NET_POLLER_EPOLL
    pthread_setname_np(cluster->thread, "reverb-redis"); /* for `top -H` */
#endif
}

bool cluster_is_guest(const struct cluster *cluster)
{
    return cluster != NULL && cluster->is_guest;
}

void cluster_run_on(struct cluster *cluster)
{
    net_lending_close(&cluster->lending);
    if (cluster->is_guest)
        run(cluster);
}

static void close_links(struct cluster *cluster)
{
    cluster_sentinel_watch_close(&cluster->sentinel_watch);
    for (size_t i = 0; i < cluster->links_count; i++)
        cluster_link_close(&cluster->links[i]);
    while (cluster->loop.connections_count > 0)
        net_loop_turn(&cluster->loop, false);
}

static bool waits_for_end(struct cluster *cluster)
{
    bool has_ended;

    uv_mutex_lock(&cluster->end_lock);
    while (!cluster->has_ended && uv_cond_timedwait(&cluster->end_signal, &cluster->end_lock,
                                                    END_MAX_MS * UINT64_C(1000000)) == 0)
        ;
    has_ended = cluster->has_ended;
    uv_mutex_unlock(&cluster->end_lock);
    return has_ended;
}

bool cluster_end(struct cluster *cluster)
{
    struct end_mail *end = mem_new(sizeof *end);

    end->mail.deliver = on_end_mail;
    end->cluster = cluster;
    net_lending_close(&cluster->lending);
    NET_MAILBOX_POST(&cluster->loop.mailbox, end);
    if (!waits_for_end(cluster))
        return false;
    if (!cluster->is_guest)
        CHECK(pthread_join(cluster->thread, NULL) == 0);
    close_links(cluster);
    return true;
}

void cluster_free(struct cluster *cluster)
{
    if (cluster == NULL)
        return;
    close_links(cluster);
    uv_close((uv_handle_t *)&cluster->tick, NULL);
    net_loop_close(&cluster->loop);
    net_lending_deinit(&cluster->lending);
    uv_cond_destroy(&cluster->end_signal);
    uv_mutex_destroy(&cluster->end_lock);
    for (size_t i = 0; i < cluster->links_count; i++) {
        cluster_link_deinit(&cluster->links[i]);
        cluster_changes_deinit(&cluster->links[i].changes);
    }
    net_tls_free(cluster->shared.tls);
    cluster_away_deinit(&cluster->shared.away);
    free(cluster->links);
    free(cluster);
}

/* --- changes for webhooks -------------------------------------------------------------------- */

void cluster_take_changes(struct cluster *cluster, const struct cluster_changes_events *events,
                          void *user)
{
    for (size_t i = 0; i < cluster->links_count; i++) {
        cluster->links[i].changes.events = events;
        cluster->links[i].changes.user = user;
    }
}

void cluster_want_changes(struct cluster *cluster, struct bytes wanted)
{
    for (size_t i = 0; i < cluster->links_count; i++)
        cluster_changes_want(&cluster->links[i].changes, wanted);
}

void cluster_change_done(struct cluster *cluster, size_t link, struct bytes id)
{
    cluster_changes_done(&cluster->links[link].changes, id);
}

/* --- status --------------------------------------------------------------------------------- */

bool cluster_is_up(const struct cluster *cluster, struct cluster_key key)
{
    return cluster != NULL && !cluster_watchdog_is_stalled(&cluster->watchdog) &&
           atomic_load_explicit(&link_of(cluster, key)->is_up, memory_order_acquire);
}

bool cluster_is_congested(struct cluster *cluster)
{
    return net_mailbox_is_full(&cluster->loop.mailbox);
}

bool cluster_is_connected(const struct cluster *cluster)
{
    if (cluster == NULL || cluster_watchdog_is_stalled(&cluster->watchdog))
        return false;
    for (size_t i = 0; i < cluster->links_count; i++)
        if (!atomic_load(&cluster->links[i].is_up))
            return false;
    return true;
}

void cluster_check_stall(struct cluster *cluster)
{
    const unsigned ticks = atomic_load_explicit(&cluster->loop.ticks, memory_order_relaxed);

    if (cluster->is_guest || !cluster_watchdog_check(&cluster->watchdog, ticks))
        return;
    net_lending_close(&cluster->lending); /* the worker to which it is offered may have stalled */
    log_error("the thread that speaks to Redis has stalled; clients stay, this node goes on by "
              "itself, and should be restarted");
    cluster->shared.events->on_down(cluster->shared.user);
}

bool cluster_is_stalled(const struct cluster *cluster)
{
    return cluster != NULL && cluster_watchdog_is_stalled(&cluster->watchdog);
}

const struct metrics_histogram *cluster_round_trips_ns(const struct cluster *cluster)
{
    return &cluster->shared.round_trip_ns;
}

void cluster_read_status(struct cluster *cluster, struct cluster_status *status)
{
    *status = (struct cluster_status){
        .is_connected = cluster_is_connected(cluster),
        .is_stalled = cluster_is_stalled(cluster),
        .events_sent = atomic_load(&cluster->shared.events_sent),
        .events_dropped = atomic_load(&cluster->shared.events_dropped),
        .links_lost = atomic_load(&cluster->shared.links_lost),
        .gaps = atomic_load(&cluster->shared.gaps),
    };
    cluster_reason_read(&cluster->shared.away.reason, status->reason);
    cluster_reason_read(&cluster->shared.away.warning, status->warning);
    for (size_t i = 0; i < cluster->links_count; i++) {
        const size_t nodes_count = atomic_load(&cluster->links[i].nodes_count);

        status->events_kept += atomic_load(&cluster->links[i].outbox.shown_count);
        status->kept_bytes += atomic_load(&cluster->links[i].outbox.shown_bytes);
        status->events_received += atomic_load(&cluster->links[i].events_received);
        if (nodes_count > status->nodes_count)
            status->nodes_count = nodes_count;
    }
}

/* Each link knows all nodes; the first may be down, and says what it knew last. */
void cluster_write_nodes(struct cluster *cluster, struct buffer *out)
{
    struct cluster_link *link = &cluster->links[0];

    pthread_mutex_lock(&link->listed_lock);
    if (link->listed.len > 0)
        buffer_append_bytes(out, buffer_bytes(&link->listed));
    else
        buffer_append_text(out, "[]");
    pthread_mutex_unlock(&link->listed_lock);
}
