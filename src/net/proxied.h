/* Accepted connections of trusted proxies, until each has sent its header of the PROXY protocol
 * (net/proxy_header.h). Exactly the header is read: what comes behind it, TLS or HTTP, stays in the
 * socket for whoever serves it.
 *
 * Thread: owner.
 * Memory: what is kept of a connection lives until its header is read; a header in pieces is kept,
 * up to NET_PROXY_HEADER_LEN_MAX.
 */
#pragma once

#include "net/loop.h"
#include "net/proxy_header.h"

/* The time for a whole header. */
#define NET_PROXIED_HEADER_MS 5000

struct net_proxied_events {
    /* Takes `fd`, which is still counted in the loop's descriptors. */
    void (*on_header)(int fd, const struct net_proxy_header *header, void *user);
    /* Of that proxy, no header came, or none in time, or what is none; it is then closed. */
    void (*on_refused)(const struct ip *proxy, void *user);
};

struct net_proxied {
    struct net_loop *loop;
    const struct net_proxied_events *events;
    void *user;
    struct list waiting; /* the one that was accepted first is first */
    struct list ended;   /* freed when the turn ends */
    uv_timer_t timer;
    uint64_t limit_ms; /* NET_PROXIED_HEADER_MS; tests have another */
};

void net_proxied_open(struct net_proxied *proxied, struct net_loop *loop,
                      const struct net_proxied_events *events, void *user);

/* After all are closed. */
void net_proxied_close(struct net_proxied *proxied);

/* Takes `fd`, an accepted connection of `proxy`. Each counts as one of the loop's connections. */
void net_proxied_take(struct net_proxied *proxied, int fd, const struct ip *proxy);

/* Closes the one that has waited longest, if that is `wait_ms` or more; false if there is none. */
bool net_proxied_evict(struct net_proxied *proxied, uint64_t wait_ms);

/* When each turn of the loop ends. */
void net_proxied_end_turn(struct net_proxied *proxied);
