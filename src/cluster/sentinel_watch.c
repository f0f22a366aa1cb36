#include "cluster/sentinel_watch.h"

#include "net/loop.h"

#include <string.h>

#define ASK_EACH_MS 1000

static bool is_same(const struct cluster_redis_address *a, const struct cluster_redis_address *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* Whether the Sentinel that has answered may confirm what another one said. */
static bool is_another(const struct cluster_sentinel_watch *watch)
{
    return watch->locate.settings->hosts_count < 2 ||
           !is_same(&watch->named_by, &watch->locate.asked);
}

static void on_found(const struct cluster_redis_address *address, void *user)
{
    struct cluster_sentinel_watch *watch = user;

    watch->is_asking = false;
    if (is_same(address, &watch->used)) {
        watch->named_by.host[0] = '\0';
        return;
    }
    if (watch->named_by.host[0] != '\0' && is_same(address, &watch->other) && is_another(watch)) {
        watch->named_by.host[0] = '\0';
        watch->on_moved(address, watch->user);
        return;
    }
    watch->other = *address;
    watch->named_by = watch->locate.asked;
}

static void on_failed(const char *reason, const char *said, void *user)
{
    struct cluster_sentinel_watch *watch = user;

    (void)reason;
    (void)said;
    watch->is_asking = false;
}

void cluster_sentinel_watch_init(struct cluster_sentinel_watch *watch, struct net_loop *loop,
                                 const struct config_scaling *settings, struct net_tls *tls)
{
    watch->locate = (struct cluster_locate){
        .loop = loop,
        .settings = settings,
        .tls = tls,
        .on_found = on_found,
        .on_failed = on_failed,
        .user = watch,
    };
}

void cluster_sentinel_watch_close(struct cluster_sentinel_watch *watch)
{
    cluster_locate_cancel(&watch->locate);
    watch->is_asking = false;
}

void cluster_sentinel_watch_tick(struct cluster_sentinel_watch *watch,
                                 const struct cluster_redis_address *used, uint64_t now_ms)
{
    if (watch->locate.settings->sentinel == NULL)
        return;
    if (used == NULL || cluster_locate_is_silent(&watch->locate, now_ms))
        cluster_sentinel_watch_close(watch);
    if (used == NULL)
        return;
    if (!is_same(used, &watch->used)) {
        watch->used = *used;
        watch->named_by.host[0] = '\0';
    }
    if (watch->is_asking || now_ms < watch->due_ms)
        return;
    watch->due_ms = now_ms + ASK_EACH_MS;
    watch->is_asking = true;
    cluster_locate_begin(&watch->locate);
}
