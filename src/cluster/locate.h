/* Finds the Redis server that has a partition: the configured one, the master that a Sentinel
 * names, or the node of a Redis Cluster that other nodes refer us to.
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
    /* One of them is called, once: within cluster_locate_begin() or later. */
    void (*on_found)(const struct cluster_redis_address *address, void *user);
    void (*on_failed)(const char *reason, const char *said, void *user); /* cluster/redis.h */
    void *user;

    size_t next_host; /* of several configured hosts, the next one to try */
    struct cluster_redis_address referral;
    bool is_referred;
    struct cluster_redis_address asked; /* a Sentinel */
    struct cluster_redis *sentinel;
};

void cluster_locate_begin(struct cluster_locate *locate);
void cluster_locate_cancel(struct cluster_locate *locate);

/* Whether a Sentinel's answer is overdue. */
bool cluster_locate_is_silent(const struct cluster_locate *locate, uint64_t now_ms);

/* "MOVED 1234 host:port": the next search goes there. If the host is empty (Redis does not know its
 * own), it goes to that port of `asked`, the sender. False if `error` is no such referral. */
bool cluster_locate_refer(struct cluster_locate *locate, const struct cluster_redis_address *asked,
                          struct bytes error);

/* For messages: "host:port". */
void cluster_locate_describe(const struct cluster_redis_address *address, struct buffer *out);
