/* A fake cluster that records its calls. The test itself gives the answers, by
 * pusher_cluster_events_table. Only the test's own file includes it. */
#pragma once

#include "cluster/cluster.h"
#include "support/unit.h"

struct cluster {
    bool is_up;
    bool is_congested;
    bool is_stalled;
    struct cluster_waiter waiter; /* of the last query */
    struct buffer notes;          /* the name and arguments of each call, followed by a semicolon */
};

static struct cluster cluster_ops;

static void cluster_ops_note(const char *what, struct bytes name, struct bytes more)
{
    buffer_printf(&cluster_ops.notes, "%s %.*s%s%.*s;", what, BYTES_ARGS(name),
                  more.len > 0 ? " " : "", BYTES_ARGS(more));
}

/* The calls since the last look; borrowed until the next one. */
static struct bytes cluster_ops_notes(void)
{
    static char notes[4096];
    const size_t len = cluster_ops.notes.len;

    assert_true(len <= sizeof notes);
    memcpy(notes, buffer_bytes(&cluster_ops.notes).data, len);
    buffer_deinit(&cluster_ops.notes);
    return (struct bytes){notes, len};
}

bool cluster_is_up(const struct cluster *cluster, struct cluster_key key)
{
    (void)key;
    return cluster->is_up;
}

bool cluster_is_stalled(const struct cluster *cluster)
{
    return cluster->is_stalled;
}

bool cluster_is_congested(struct cluster *cluster)
{
    return cluster->is_congested;
}

void cluster_subscriptions(struct cluster *cluster, struct cluster_key key, int change,
                           unsigned flags)
{
    char more[32];

    (void)cluster;
    snprintf(more, sizeof more, "%+d %c %u", change, key.kind, flags);
    cluster_ops_note("subscriptions", key.name, bytes_of(more));
}

void cluster_join(struct cluster *cluster, struct cluster_key key, struct cluster_member member)
{
    (void)cluster;
    cluster_ops_note("join", key.name, member.user_id);
}

void cluster_leave(struct cluster *cluster, struct cluster_key key, struct bytes user_id,
                   bool is_unlisted)
{
    (void)cluster;
    cluster_ops_note(is_unlisted ? "leave unlisted" : "leave", key.name, user_id);
}

void cluster_await(struct cluster *cluster, struct cluster_key key, struct cluster_waiter waiter,
                   unsigned flags)
{
    (void)flags;
    cluster->waiter = waiter;
    cluster_ops_note("await", key.name, BYTES(""));
}

void cluster_publish(struct cluster *cluster, struct cluster_key key, uint64_t except,
                     struct net_chunk *frame, uint64_t ttl_ms, atomic_size_t *pending)
{
    (void)cluster;
    (void)except;
    (void)ttl_ms;
    (void)frame;
    if (pending != NULL)
        atomic_fetch_add(pending, 1);
    cluster_ops_note("publish", key.name, pending == NULL ? BYTES("delivered") : BYTES(""));
}

void cluster_terminate(struct cluster *cluster, struct bytes app_id, struct bytes user_id)
{
    (void)cluster;
    cluster_ops_note("terminate", app_id, user_id);
}

void cluster_forget_cached(struct cluster *cluster, struct bytes app_id, uint64_t ttl_ms)
{
    (void)cluster;
    (void)ttl_ms;
    cluster_ops_note("forget", app_id, BYTES(""));
}

void cluster_connections(struct cluster *cluster, struct bytes app_id, int change)
{
    (void)cluster;
    cluster_ops_note("connections", app_id, change > 0 ? BYTES("+1") : BYTES("-1"));
}

void cluster_admit(struct cluster *cluster, struct bytes app_id, uint32_t max, uint64_t socket_id)
{
    (void)max;
    cluster->waiter = (struct cluster_waiter){.socket_id = socket_id};
    cluster_ops_note("admit", app_id, BYTES(""));
}

void cluster_lookup_online(struct cluster *cluster, struct cluster_key user_key,
                           struct cluster_waiter waiter)
{
    cluster->waiter = waiter;
    cluster_ops_note("lookup", user_key.name, BYTES(""));
}
