#include "channel/local.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "channel/subscription.h"

/* More than many are in a map; fewer than few no longer. */
#define MANY 16
#define FEW 8

static void place(struct channel_local *local, uint32_t index, struct channel_local_place it)
{
    local->places[index] = it;
    it.subscription->index = index;
}

static void swap(struct channel_local *local, uint32_t a, uint32_t b)
{
    const struct channel_local_place it = local->places[a];

    if (a == b)
        return;
    place(local, a, local->places[b]);
    place(local, b, it);
}

static void grow(struct channel_local *local)
{
    struct channel_local_place *before = local->places == &local->only ? NULL : local->places;

    if (local->cap == 0) {
        local->places = &local->only;
        local->cap = 1;
        return;
    }
    local->cap *= 2;
    local->places = mem_resize(before, local->cap * sizeof *local->places);
    if (before == NULL)
        local->places[0] = local->only;
}

/* --- who is where --------------------------------------------------------------------------- */

static uint64_t hash_of(const struct ws_conn *conn)
{
    return hash_pair((uintptr_t)conn, 0);
}

static void note(struct channel_local *local, struct channel_subscription *subscription)
{
    map_add(local->by_conn, &subscription->entry, hash_of(subscription->subscriber->conn));
}

static void note_all(struct channel_local *local)
{
    local->by_conn = mem_new(sizeof *local->by_conn);
    for (uint32_t i = 0; i < local->held_count; i++)
        note(local, local->places[i].subscription);
}

static void forget_all(struct channel_local *local)
{
    map_deinit(local->by_conn);
    free(local->by_conn);
    local->by_conn = NULL;
}

static struct channel_subscription *find_noted(const struct map *by_conn,
                                               const struct ws_conn *conn)
{
    const uint64_t hash = hash_of(conn);

    for (struct map_entry *at = map_first(by_conn, hash); at != NULL; at = map_next(at, hash)) {
        struct channel_subscription *subscription =
            LIST_OWNER(at, struct channel_subscription, entry);

        if (subscription->subscriber->conn == conn)
            return subscription;
    }
    return NULL;
}

struct channel_subscription *channel_local_find(const struct channel_local *local,
                                                const struct ws_conn *conn)
{
    if (local->by_conn != NULL)
        return find_noted(local->by_conn, conn);
    for (uint32_t i = 0; i < local->held_count; i++)
        if (local->places[i].conn == conn)
            return local->places[i].subscription;
    return NULL;
}

/* --- coming and going ----------------------------------------------------------------------- */

void channel_local_hold(struct channel_local *local, struct channel_subscription *subscription)
{
    if (local->held_count == local->cap)
        grow(local);
    place(local, local->held_count++,
          (struct channel_local_place){subscription->subscriber->conn, subscription});
    if (local->by_conn != NULL)
        note(local, subscription);
    else if (local->held_count > MANY)
        note_all(local);
}

void channel_local_activate(struct channel_local *local, struct channel_subscription *subscription)
{
    swap(local, subscription->index, local->count++);
    subscription->is_active = true;
}

void channel_local_deactivate(struct channel_local *local,
                              struct channel_subscription *subscription)
{
    swap(local, subscription->index, --local->count);
    subscription->is_active = false;
}

void channel_local_release(struct channel_local *local, struct channel_subscription *subscription)
{
    CHECK(subscription->index >= local->count && subscription->index < local->held_count);
    swap(local, subscription->index, --local->held_count);
    if (local->by_conn != NULL) {
        map_remove(local->by_conn, &subscription->entry);
        if (local->held_count < FEW)
            forget_all(local);
    }
    if (local->held_count == 0 && local->places != &local->only) {
        free(local->places);
        local->places = NULL;
        local->cap = 0;
    }
}
