#include "cluster/peers.h"

#include "base/jsonwrite.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* A node sends a heartbeat each second. */
#define SILENT_COUNT 10

static struct cluster_peers_peer *peer_of(struct list *link)
{
    return LIST_OWNER(link, struct cluster_peers_peer, link);
}

static struct bytes process_of(const char *node)
{
    return (struct bytes){node, strcspn(node, ".")};
}

static void drop(struct cluster_peers_peer *peer)
{
    list_remove(&peer->link);
    free(peer);
}

static void forget_awaited(struct cluster_peers *peers)
{
    for (size_t i = 0; i < peers->awaited_count; i++)
        free(peers->awaited[i]);
    free(peers->awaited);
    peers->awaited = NULL;
    peers->awaited_count = 0;
}

void cluster_peers_init(struct cluster_peers *peers)
{
    *peers = (struct cluster_peers){0};
    list_init(&peers->all);
}

void cluster_peers_deinit(struct cluster_peers *peers)
{
    LIST_EACH(link, following, &peers->all) {
        drop(peer_of(link));
    }
    forget_awaited(peers);
}

void cluster_peers_begin(struct cluster_peers *peers)
{
    LIST_EACH(link, following, &peers->all) {
        peer_of(link)->is_there = false;
    }
}

static struct cluster_peers_peer *find_or_add(struct cluster_peers *peers, struct bytes node)
{
    struct cluster_peers_peer *peer;

    LIST_EACH(link, following, &peers->all) {
        if (bytes_equal(bytes_of(peer_of(link)->node), node))
            return peer_of(link);
    }
    peer = mem_new(sizeof *peer + node.len + 1);
    memcpy(peer->node, node.data, node.len);
    list_append(&peers->all, &peer->link);
    return peer;
}

void cluster_peers_note(struct cluster_peers *peers, struct bytes node, struct bytes heartbeats,
                        bool is_synced)
{
    struct cluster_peers_peer *peer = find_or_add(peers, node);

    peer->is_there = true;
    peer->is_synced = is_synced;
    if (bytes_equal(bytes_of(peer->heartbeats), heartbeats)) {
        peer->unchanged_count++;
        return;
    }
    peer->unchanged_count = 0;
    snprintf(peer->heartbeats, sizeof peer->heartbeats, "%.*s", BYTES_ARGS(heartbeats));
}

/* Counts a process once: by its first incarnation in the list that is in step. */
static bool is_counted(const struct cluster_peers *peers, const struct cluster_peers_peer *peer)
{
    LIST_EACH(link, following, &peers->all) {
        const struct cluster_peers_peer *other = peer_of(link);

        if (other->is_synced && bytes_equal(process_of(other->node), process_of(peer->node)))
            return other == peer;
    }
    return false;
}

void cluster_peers_end(struct cluster_peers *peers)
{
    LIST_EACH(link, following, &peers->all) {
        if (!peer_of(link)->is_there)
            drop(peer_of(link));
    }
    peers->synced_count = 0;
    /* The analyzer does not see that drop() has taken the peer out of the list.
     * NOLINTBEGIN(clang-analyzer-unix.Malloc) */
    LIST_EACH(link, following, &peers->all) {
        peers->synced_count += is_counted(peers, peer_of(link));
    }
    /* NOLINTEND(clang-analyzer-unix.Malloc) */
}

void cluster_peers_restart(struct cluster_peers *peers)
{
    LIST_EACH(link, following, &peers->all) {
        peer_of(link)->unchanged_count = 0;
    }
}

const struct cluster_peers_peer *cluster_peers_next_silent(const struct cluster_peers *peers,
                                                           const struct cluster_peers_peer *peer)
{
    const struct list *link = peer ? peer->link.next : peers->all.next;

    for (; link != &peers->all; link = link->next) {
        peer = LIST_OWNER(link, const struct cluster_peers_peer, link);
        if (peer->unchanged_count >= SILENT_COUNT)
            return peer;
    }
    return NULL;
}

void cluster_peers_write(const struct cluster_peers *peers, const char *self, struct buffer *out)
{
    buffer_append_char(out, '[');
    LIST_EACH(link, following, &peers->all) {
        const struct cluster_peers_peer *peer = peer_of(link);

        buffer_append_text(out, link == peers->all.next ? "{\"node\":" : ",{\"node\":");
        jsonwrite_string(out, bytes_of(peer->node));
        buffer_printf(out, ",\"is_this\":%s,\"is_in_step\":%s,\"silent_s\":%u}",
                      strcmp(peer->node, self) == 0 ? "true" : "false",
                      peer->is_synced ? "true" : "false", peer->unchanged_count);
    }
    buffer_append_char(out, ']');
}

void cluster_peers_remember(struct cluster_peers *peers)
{
    forget_awaited(peers);
    peers->awaited = mem_new((peers->synced_count + 1) * sizeof *peers->awaited);
    LIST_EACH(link, following, &peers->all) {
        if (is_counted(peers, peer_of(link)))
            peers->awaited[peers->awaited_count++] = bytes_copy(process_of(peer_of(link)->node));
    }
}

static bool is_back(const struct cluster_peers *peers, const char *process)
{
    LIST_EACH(link, following, &peers->all) {
        if (peer_of(link)->is_synced &&
            bytes_equal(process_of(peer_of(link)->node), bytes_of(process)))
            return true;
    }
    return false;
}

bool cluster_peers_are_back(const struct cluster_peers *peers)
{
    for (size_t i = 0; i < peers->awaited_count; i++)
        if (!is_back(peers, peers->awaited[i]))
            return false;
    return true;
}
