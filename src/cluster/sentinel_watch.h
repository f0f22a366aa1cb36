/* Asks the Sentinels, while there is a master, whether it still is: a master that hung while
 * another took its place goes on as a second one until a Sentinel tells it. Each question goes to
 * the next Sentinel. Two of them, if there are several, must name the same other server: one that
 * was cut off may not know better. If none answers, nothing happens.
 *
 * Thread: owner, the loop's.
 */
#pragma once

#include "cluster/locate.h"

struct cluster_sentinel_watch {
    /* Two Sentinels name `address`, and not the server that this node uses. */
    void (*on_moved)(const struct cluster_redis_address *address, void *user);
    void *user;

    struct cluster_locate locate;
    struct cluster_redis_address used;
    struct cluster_redis_address other;    /* what one Sentinel named instead */
    struct cluster_redis_address named_by; /* that Sentinel; an empty host: none did */
    bool is_asking;
    uint64_t due_ms;
};

/* Does nothing without `settings->sentinel`. */
void cluster_sentinel_watch_init(struct cluster_sentinel_watch *watch, struct net_loop *loop,
                                 const struct config_scaling *settings, struct net_tls *tls);
void cluster_sentinel_watch_close(struct cluster_sentinel_watch *watch);

/* To be called several times a second. `used`: the server that is connected; NULL: none. */
void cluster_sentinel_watch_tick(struct cluster_sentinel_watch *watch,
                                 const struct cluster_redis_address *used, uint64_t now_ms);
