/* Where the Redis server is that has a partition: the one that is configured, the master that a
 * Sentinel names, or the node of a Redis Cluster that others refer us to.
 *
 * Thread: owner, the loop's.
 */
#pragma once

#include "cluster/redis.h"

struct cluster_locate {
    /* Fixed. */
    struct net_loop *loop;
    const struct config_scaling *settings;
    struct net_tls *tls; /* NULL: plain */
    /* One of them, once, after cluster_locate_begin() returned or from within. */
    void (*on_found)(const struct cluster_redis_address *address, void *user);
    void (*on_failed)(const char *reason, const char *said, void *user); /* cluster/redis.h */
    void *user;

    size_t next_host; /* of several, the one whose turn it is */
    struct cluster_redis_address referral;
    bool is_referred;
    struct cluster_redis_address asked; /* a Sentinel */
    struct cluster_redis *sentinel;
};

void cluster_locate_begin(struct cluster_locate *locate);
void cluster_locate_cancel(struct cluster_locate *locate);

/* "MOVED 1234 host:port": the next search goes there; without a host (Redis does not know how it is
 * reached) to that port of `asked`, who said so. False where `error` is no such referral. */
bool cluster_locate_refer(struct cluster_locate *locate, const struct cluster_redis_address *asked,
                          struct bytes error);

/* For messages: "host:port". */
void cluster_locate_describe(const struct cluster_redis_address *address, struct buffer *out);
