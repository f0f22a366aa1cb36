#include "cluster/snapshots.h"

#include "base/mem.h"

#include <string.h>

struct waiting {
    struct list link;
    struct cluster_waiter waiter;
    uint32_t key_len;
    char key[];
};

static void drop(struct waiting *waiting)
{
    list_remove(&waiting->link);
    free(waiting);
}

void cluster_snapshots_init(struct cluster_snapshots *snapshots)
{
    cluster_state_init(&snapshots->channels);
    list_init(&snapshots->waiting);
}

void cluster_snapshots_deinit(struct cluster_snapshots *snapshots)
{
    LIST_EACH(link, following, &snapshots->waiting) {
        drop(LIST_OWNER(link, struct waiting, link));
    }
    cluster_state_deinit(&snapshots->channels);
}

void cluster_snapshots_clear(struct cluster_snapshots *snapshots)
{
    cluster_snapshots_deinit(snapshots);
    cluster_snapshots_init(snapshots);
}

bool cluster_snapshots_is_open(const struct cluster_snapshots *snapshots, struct bytes key)
{
    return cluster_state_find(&snapshots->channels, key) != NULL;
}

void cluster_snapshots_close(struct cluster_snapshots *snapshots, struct bytes key)
{
    if (cluster_snapshots_is_open(snapshots, key))
        cluster_state_drop(&snapshots->channels, key);
}

struct cluster_state_channel *cluster_snapshots_open(struct cluster_snapshots *snapshots,
                                                     struct bytes key, uint64_t chain)
{
    struct cluster_state_channel *snapshot = cluster_state_find(&snapshots->channels, key);

    if (snapshot != NULL && snapshot->chain == chain)
        return snapshot;
    cluster_snapshots_close(snapshots, key);
    snapshot = cluster_state_subscribe(&snapshots->channels, key, 1, 0);
    snapshot->chain = chain;
    return snapshot;
}

void cluster_snapshots_join(struct cluster_snapshots *snapshots, struct bytes key,
                            struct bytes user_id, struct bytes user_info)
{
    if (cluster_snapshots_is_open(snapshots, key))
        cluster_state_join(&snapshots->channels, key, user_id, user_info);
}

void cluster_snapshots_leave(struct cluster_snapshots *snapshots, struct bytes key,
                             struct bytes user_id)
{
    cluster_state_leave(&snapshots->channels, key, user_id);
}

struct cluster_member *cluster_snapshots_members(const struct cluster_state_channel *snapshot)
{
    struct cluster_member *members = mem_new((snapshot->members.count + 1) * sizeof *members);
    size_t count = 0;

    for (struct map_entry *at = map_any(&snapshot->members, NULL); at != NULL;
         at = map_any(&snapshot->members, at)) {
        const struct cluster_state_member *member =
            LIST_OWNER(at, struct cluster_state_member, entry);

        members[count++] =
            (struct cluster_member){cluster_state_user_id(member), cluster_state_user_info(member)};
    }
    return members;
}

void cluster_snapshots_wait(struct cluster_snapshots *snapshots, struct bytes key,
                            struct cluster_waiter waiter)
{
    struct waiting *waiting = mem_new(sizeof *waiting + key.len);

    waiting->waiter = waiter;
    waiting->key_len = (uint32_t)key.len;
    memcpy(waiting->key, key.data, key.len);
    list_append(&snapshots->waiting, &waiting->link);
}

bool cluster_snapshots_next_waiting(struct cluster_snapshots *snapshots, struct bytes key,
                                    struct cluster_waiter *waiter)
{
    LIST_EACH(link, following, &snapshots->waiting) {
        struct waiting *waiting = LIST_OWNER(link, struct waiting, link);

        if (!bytes_equal((struct bytes){waiting->key, waiting->key_len}, key))
            continue;
        *waiter = waiting->waiter;
        drop(waiting);
        return true;
    }
    return false;
}
