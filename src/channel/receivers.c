#include "channel/receivers.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "channel/subscription.h"

/* A map is made when the count rises above the first, and freed when it falls below the other. */
#define MAP_ABOVE_COUNT 16
#define ARRAY_BELOW_COUNT 8

static void put(struct channel_receivers *receivers, uint32_t index,
                struct channel_receivers_entry it)
{
    receivers->entries[index] = it;
    it.subscription->index = index;
}

static void swap(struct channel_receivers *receivers, uint32_t a, uint32_t b)
{
    const struct channel_receivers_entry it = receivers->entries[a];

    if (a == b)
        return;
    put(receivers, a, receivers->entries[b]);
    put(receivers, b, it);
}

static void grow(struct channel_receivers *receivers)
{
    struct channel_receivers_entry *before =
        receivers->entries == &receivers->only ? NULL : receivers->entries;

    if (receivers->cap == 0) {
        receivers->entries = &receivers->only;
        receivers->cap = 1;
        return;
    }
    receivers->cap *= 2;
    receivers->entries = mem_resize(before, receivers->cap * sizeof *receivers->entries);
    if (before == NULL)
        receivers->entries[0] = receivers->only;
}

/* --- lookup --------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct ws_conn *conn)
{
    return hash_pair((uintptr_t)conn, 0);
}

static void note(struct channel_receivers *receivers, struct channel_subscription *subscription)
{
    map_add(receivers->by_conn, &subscription->entry, hash_of(subscription->subscriber->conn));
}

static void note_all(struct channel_receivers *receivers)
{
    receivers->by_conn = mem_new(sizeof *receivers->by_conn);
    for (uint32_t i = 0; i < receivers->entries_count; i++)
        note(receivers, receivers->entries[i].subscription);
}

static void forget_all(struct channel_receivers *receivers)
{
    map_deinit(receivers->by_conn);
    free(receivers->by_conn);
    receivers->by_conn = NULL;
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

struct channel_subscription *channel_receivers_find(const struct channel_receivers *receivers,
                                                    const struct ws_conn *conn)
{
    if (receivers->by_conn != NULL)
        return find_noted(receivers->by_conn, conn);
    for (uint32_t i = 0; i < receivers->entries_count; i++)
        if (receivers->entries[i].conn == conn)
            return receivers->entries[i].subscription;
    return NULL;
}

/* --- adding and removing -------------------------------------------------------------------- */

void channel_receivers_add(struct channel_receivers *receivers,
                           struct channel_subscription *subscription)
{
    if (receivers->entries_count == receivers->cap)
        grow(receivers);
    put(receivers, receivers->entries_count++,
        (struct channel_receivers_entry){subscription->subscriber->conn, subscription});
    if (receivers->by_conn != NULL)
        note(receivers, subscription);
    else if (receivers->entries_count > MAP_ABOVE_COUNT)
        note_all(receivers);
}

void channel_receivers_activate(struct channel_receivers *receivers,
                                struct channel_subscription *subscription)
{
    swap(receivers, subscription->index, receivers->count++);
    subscription->is_active = true;
    subscription->from = receivers->sequence;
    receivers->latest_from = receivers->sequence;
}

void channel_receivers_deactivate(struct channel_receivers *receivers,
                                  struct channel_subscription *subscription)
{
    if (subscription->index < receivers->sent_count)
        swap(receivers, subscription->index, --receivers->sent_count);
    swap(receivers, subscription->index, --receivers->count);
    subscription->is_active = false;
}

void channel_receivers_remove(struct channel_receivers *receivers,
                              struct channel_subscription *subscription)
{
    CHECK(subscription->index >= receivers->count &&
          subscription->index < receivers->entries_count);
    swap(receivers, subscription->index, --receivers->entries_count);
    if (receivers->by_conn != NULL) {
        map_remove(receivers->by_conn, &subscription->entry);
        if (receivers->entries_count < ARRAY_BELOW_COUNT)
            forget_all(receivers);
    }
    if (receivers->entries_count == 0 && receivers->entries != &receivers->only) {
        free(receivers->entries);
        receivers->entries = NULL;
        receivers->cap = 0;
    }
}
