#include "cluster/cluster.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/random.h"
#include "cluster/asking.h"
#include "cluster/link.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Each partition has a hash tag of its own, so that a cluster spreads them. All nodes must agree.
 */
#define PARTITIONS_OF_CLUSTER 16
#define TICK_MS 50
#define END_MS 2000
/* Nothing of Redis' is limited: what it owes is bounded by what it is asked. */
#define BACKLOG_BYTES_MAX UINT32_MAX

struct cluster {
    struct net_loop loop;
    pthread_t thread;
    uv_timer_t tick;
    struct cluster_link_shared shared;
    struct cluster_link *links;
    size_t links_count;
    struct list askings;
    uint64_t end_ms; /* by then it ends, whatever waits; 0: it does not end yet */
};

/* --- what workers tell ---------------------------------------------------------------------- */

enum deed_kind {
    DEED_SUBSCRIPTIONS,
    DEED_JOIN,
    DEED_LEAVE,
    DEED_AWAIT,
    DEED_PUBLISH,
    DEED_TERMINATE,
    DEED_CONNECTIONS,
    DEED_ADMIT,
    DEED_ASK_ONLINE,
};

struct deed {
    struct net_mail mail;
    struct cluster_link *link;
    struct net_chunk *frame;
    uint64_t socket_id;
    uint64_t ttl_ms;
    int number; /* change, max */
    unsigned flags;
    enum deed_kind kind;
    bool is_delivered;
    uint32_t key_len; /* or the app's id */
    uint32_t first_len;
    uint32_t second_len;
    char texts[]; /* key, user id, user info */
};

static void do_deed(const struct deed *deed)
{
    struct cluster_link *link = deed->link;
    const struct bytes key = {deed->texts, deed->key_len};
    const struct bytes first = {deed->texts + deed->key_len, deed->first_len};
    const struct bytes second = {first.data + first.len, deed->second_len};

    switch (deed->kind) {
    case DEED_SUBSCRIPTIONS:
        cluster_link_subscriptions(link, key, deed->number, deed->flags);
        break;
    case DEED_JOIN:
        cluster_link_join(link, key, first, second);
        break;
    case DEED_LEAVE:
        cluster_link_leave(link, key, first);
        break;
    case DEED_AWAIT:
        cluster_link_await(link, key, deed->socket_id, deed->flags);
        break;
    case DEED_PUBLISH:
        cluster_link_publish(link, key, deed->socket_id, deed->frame, deed->ttl_ms,
                             deed->is_delivered);
        break;
    case DEED_TERMINATE:
        cluster_link_terminate(link, key, first);
        break;
    case DEED_CONNECTIONS:
        cluster_link_connections(link, key, deed->number);
        break;
    case DEED_ADMIT:
        cluster_link_admit(link, key, (uint32_t)deed->number, deed->socket_id);
        break;
    case DEED_ASK_ONLINE:
        cluster_link_ask_online(link, key, deed->socket_id);
        break;
    }
}

static void on_deed_mail(struct net_mail *mail, void *owner)
{
    struct deed *deed = (struct deed *)mail;

    (void)owner;
    do_deed(deed);
    net_chunk_unref(deed->frame);
    free(deed);
}

static struct cluster_link *link_of(const struct cluster *cluster, struct cluster_key key)
{
    return &cluster->links[cluster_key_partition(key, cluster->links_count)];
}

static void post(struct cluster *cluster, struct deed *deed)
{
    net_mailbox_post(&cluster->loop.mailbox, &deed->mail);
}

static struct deed *deed_new(enum deed_kind kind, struct cluster_link *link, struct bytes head,
                             struct bytes first, struct bytes second)
{
    struct deed *deed = mem_new(sizeof *deed + head.len + first.len + second.len);

    deed->mail.deliver = on_deed_mail;
    deed->kind = kind;
    deed->link = link;
    deed->key_len = (uint32_t)head.len;
    deed->first_len = (uint32_t)first.len;
    deed->second_len = (uint32_t)second.len;
    if (head.len > 0)
        memcpy(deed->texts, head.data, head.len);
    if (first.len > 0)
        memcpy(deed->texts + head.len, first.data, first.len);
    if (second.len > 0)
        memcpy(deed->texts + head.len + first.len, second.data, second.len);
    return deed;
}

static struct deed *deed_of_channel(const struct cluster *cluster, enum deed_kind kind,
                                    struct cluster_key key, struct bytes first, struct bytes second)
{
    struct buffer text = {0};
    struct deed *deed;

    cluster_key_write(&text, key);
    deed = deed_new(kind, link_of(cluster, key), buffer_bytes(&text), first, second);
    buffer_deinit(&text);
    return deed;
}

static struct deed *deed_of_app(const struct cluster *cluster, enum deed_kind kind,
                                struct bytes app_id, struct bytes user_id)
{
    const struct cluster_key key = {CLUSTER_KEY_USER, app_id, user_id};

    return deed_new(kind, link_of(cluster, key), app_id, user_id, BYTES_NONE);
}

void cluster_subscriptions(struct cluster *cluster, struct cluster_key key, int change,
                           unsigned flags)
{
    struct deed *deed = deed_of_channel(cluster, DEED_SUBSCRIPTIONS, key, BYTES_NONE, BYTES_NONE);

    deed->number = change;
    deed->flags = flags;
    post(cluster, deed);
}

void cluster_join(struct cluster *cluster, struct cluster_key key, struct cluster_member member)
{
    post(cluster, deed_of_channel(cluster, DEED_JOIN, key, member.user_id, member.user_info));
}

void cluster_leave(struct cluster *cluster, struct cluster_key key, struct bytes user_id)
{
    post(cluster, deed_of_channel(cluster, DEED_LEAVE, key, user_id, BYTES_NONE));
}

void cluster_await(struct cluster *cluster, struct cluster_key key, uint64_t socket_id,
                   unsigned flags)
{
    struct deed *deed = deed_of_channel(cluster, DEED_AWAIT, key, BYTES_NONE, BYTES_NONE);

    deed->socket_id = socket_id;
    deed->flags = flags;
    post(cluster, deed);
}

void cluster_publish(struct cluster *cluster, struct cluster_key key, uint64_t except,
                     struct net_chunk *frame, uint64_t ttl_ms, bool is_delivered)
{
    struct deed *deed = deed_of_channel(cluster, DEED_PUBLISH, key, BYTES_NONE, BYTES_NONE);

    deed->socket_id = except;
    deed->frame = net_chunk_ref(frame);
    deed->ttl_ms = ttl_ms;
    deed->is_delivered = is_delivered;
    post(cluster, deed);
}

void cluster_terminate(struct cluster *cluster, struct bytes app_id, struct bytes user_id)
{
    post(cluster, deed_of_app(cluster, DEED_TERMINATE, app_id, user_id));
}

void cluster_connections(struct cluster *cluster, struct bytes app_id, int change)
{
    struct deed *deed = deed_of_app(cluster, DEED_CONNECTIONS, app_id, BYTES_NONE);

    deed->number = change;
    post(cluster, deed);
}

void cluster_admit(struct cluster *cluster, struct bytes app_id, uint32_t max, uint64_t socket_id)
{
    struct deed *deed = deed_of_app(cluster, DEED_ADMIT, app_id, BYTES_NONE);

    deed->number = (int)max;
    deed->socket_id = socket_id;
    post(cluster, deed);
}

void cluster_query_online(struct cluster *cluster, struct cluster_key user_key, uint64_t socket_id)
{
    struct deed *deed = deed_of_channel(cluster, DEED_ASK_ONLINE, user_key, BYTES_NONE, BYTES_NONE);

    deed->socket_id = socket_id;
    post(cluster, deed);
}

static void on_asking_mail(struct net_mail *mail, void *owner)
{
    struct cluster_asking *asking = (struct cluster_asking *)mail;
    struct cluster *cluster = asking->cluster;

    (void)owner;
    cluster_asking_begin(asking, cluster->links, cluster->links_count, &cluster->askings,
                         net_loop_now_ms(&cluster->loop));
}

void cluster_take_asking(struct cluster *cluster, struct cluster_asking *asking)
{
    asking->cluster = cluster;
    asking->mail.deliver = on_asking_mail;
    net_mailbox_post(&cluster->loop.mailbox, &asking->mail);
}

/* --- the thread ----------------------------------------------------------------------------- */

static void on_turn_end(void *user)
{
    struct cluster *cluster = user;

    for (size_t i = 0; i < cluster->links_count; i++)
        cluster_link_flush(&cluster->links[i]);
}

static void give_up_askings(struct cluster *cluster, uint64_t now_ms)
{
    LIST_EACH(at, following, &cluster->askings) {
        struct cluster_asking *asking = LIST_OWNER(at, struct cluster_asking, link);

        if (now_ms - asking->begun_ms < CLUSTER_ASK_TIMEOUT_MS)
            return;
        cluster_asking_give_up(asking);
    }
}

static bool have_ended(const struct cluster *cluster)
{
    for (size_t i = 0; i < cluster->links_count; i++)
        if (cluster->links[i].phase != CLUSTER_LINK_ENDED)
            return false;
    return true;
}

static void on_tick(uv_timer_t *timer)
{
    struct cluster *cluster = timer->data;
    const uint64_t now_ms = net_loop_now_ms(&cluster->loop);

    for (size_t i = 0; i < cluster->links_count; i++)
        cluster_link_tick(&cluster->links[i], now_ms);
    give_up_askings(cluster, now_ms);
    if (cluster->end_ms != 0 && (have_ended(cluster) || now_ms >= cluster->end_ms)) {
        uv_timer_stop(&cluster->tick);
        net_loop_stop(&cluster->loop);
    }
}

static void *run(void *user)
{
    struct cluster *cluster = user;

    net_loop_run(&cluster->loop);
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
    for (size_t i = 0; i < cluster->links_count; i++)
        cluster_link_end(&cluster->links[i]);
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
    list_init(&cluster->askings);
    if (settings->tls.enabled) {
        cluster->shared.tls = net_tls_new_client(&settings->tls, error);
        if (cluster->shared.tls == NULL) {
            free(cluster);
            return NULL;
        }
    }
    CHECK(net_loop_open(&cluster->loop, descriptors, BACKLOG_BYTES_MAX, on_turn_end, cluster) == 0);
    CHECK(uv_timer_init(&cluster->loop.uv, &cluster->tick) == 0);
    cluster->tick.data = cluster;
    cluster->links_count = settings->cluster ? PARTITIONS_OF_CLUSTER : 1;
    cluster->shared.links_count = cluster->links_count;
    cluster->links = mem_new(cluster->links_count * sizeof *cluster->links);
    for (size_t i = 0; i < cluster->links_count; i++)
        cluster_link_init(&cluster->links[i], &cluster->shared, i, cluster->links_count);
    return cluster;
}

void cluster_start(struct cluster *cluster)
{
    CHECK(uv_timer_start(&cluster->tick, on_tick, 0, TICK_MS) == 0);
    CHECK(pthread_create(&cluster->thread, NULL, run, cluster) == 0);
}

static void close_links(struct cluster *cluster)
{
    for (size_t i = 0; i < cluster->links_count; i++)
        cluster_link_close(&cluster->links[i]);
    while (cluster->loop.connections_count > 0)
        net_loop_turn(&cluster->loop, false);
}

void cluster_end(struct cluster *cluster)
{
    struct end_mail *end = mem_new(sizeof *end);

    end->mail.deliver = on_end_mail;
    end->cluster = cluster;
    net_mailbox_post(&cluster->loop.mailbox, &end->mail);
    CHECK(pthread_join(cluster->thread, NULL) == 0);
    close_links(cluster);
}

void cluster_free(struct cluster *cluster)
{
    if (cluster == NULL)
        return;
    close_links(cluster);
    uv_close((uv_handle_t *)&cluster->tick, NULL);
    net_loop_close(&cluster->loop);
    for (size_t i = 0; i < cluster->links_count; i++)
        cluster_link_deinit(&cluster->links[i]);
    net_tls_free(cluster->shared.tls);
    free(cluster->links);
    free(cluster);
}

/* --- how it is ------------------------------------------------------------------------------ */

bool cluster_is_up(const struct cluster *cluster, struct cluster_key key)
{
    return cluster != NULL &&
           atomic_load_explicit(&link_of(cluster, key)->is_up, memory_order_acquire);
}

bool cluster_is_congested(struct cluster *cluster)
{
    return net_mailbox_is_full(&cluster->loop.mailbox);
}

bool cluster_is_connected(const struct cluster *cluster)
{
    if (cluster == NULL)
        return false;
    for (size_t i = 0; i < cluster->links_count; i++)
        if (!atomic_load(&cluster->links[i].is_up))
            return false;
    return true;
}

void cluster_read_status(const struct cluster *cluster, struct cluster_status *status)
{
    *status = (struct cluster_status){
        .is_connected = cluster_is_connected(cluster),
        .events_sent = atomic_load(&cluster->shared.events_sent),
        .events_dropped = atomic_load(&cluster->shared.events_dropped),
        .links_lost = atomic_load(&cluster->shared.links_lost),
        .gaps = atomic_load(&cluster->shared.gaps),
    };
    for (size_t i = 0; i < cluster->links_count; i++) {
        const size_t nodes_count = atomic_load(&cluster->links[i].nodes_count);

        status->events_kept += atomic_load(&cluster->links[i].kept_count);
        status->events_received += atomic_load(&cluster->links[i].events_received);
        if (nodes_count > status->nodes_count)
            status->nodes_count = nodes_count;
    }
}
