#include "webhook/smoothing.h"

#include "base/hash.h"
#include "base/mem.h"

struct leaving {
    struct map_entry entry;
    struct list link;
    struct webhook_change *change;
    uint64_t due_ms;
};

static size_t bytes_of_leaving(const struct leaving *leaving)
{
    const struct webhook_change *change = leaving->change;

    return sizeof *leaving + sizeof *change + change->app_id_len + change->channel_len +
           change->user_id_len + change->members_len;
}

void webhook_smoothing_init(struct webhook_smoothing *smoothing)
{
    *smoothing = (struct webhook_smoothing){0};
    list_init(&smoothing->in_order);
}

/* Takes it out and returns its change. */
static struct webhook_change *take_out(struct webhook_smoothing *smoothing, struct leaving *leaving)
{
    struct webhook_change *change = leaving->change;

    smoothing->bytes -= bytes_of_leaving(leaving);
    list_remove(&leaving->link);
    map_remove(&smoothing->by_place, &leaving->entry);
    free(leaving);
    return change;
}

void webhook_smoothing_deinit(struct webhook_smoothing *smoothing)
{
    LIST_EACH(at, following, &smoothing->in_order) {
        webhook_change_unref(take_out(smoothing, LIST_OWNER(at, struct leaving, link)));
    }
    map_deinit(&smoothing->by_place);
}

bool webhook_smoothing_is_leaving(enum config_webhook_kind kind)
{
    return kind == CONFIG_WEBHOOK_CHANNEL_VACATED || kind == CONFIG_WEBHOOK_MEMBER_REMOVED;
}

bool webhook_smoothing_is_coming(enum config_webhook_kind kind)
{
    return kind == CONFIG_WEBHOOK_CHANNEL_OCCUPIED || kind == CONFIG_WEBHOOK_MEMBER_ADDED;
}

static bool is_of_member(const struct webhook_change *change)
{
    return change->kind == CONFIG_WEBHOOK_MEMBER_ADDED ||
           change->kind == CONFIG_WEBHOOK_MEMBER_REMOVED;
}

static uint64_t hash_of(const struct webhook_change *change)
{
    return hash_pair(hash_bytes(webhook_change_channel(change)),
                     is_of_member(change) ? hash_bytes(webhook_change_user_id(change)) : 0);
}

static bool is_same_place(const struct webhook_change *a, const struct webhook_change *b)
{
    return is_of_member(a) == is_of_member(b) &&
           bytes_equal(webhook_change_channel(a), webhook_change_channel(b)) &&
           bytes_equal(webhook_change_user_id(a), webhook_change_user_id(b));
}

static struct leaving *find(const struct webhook_smoothing *smoothing,
                            const struct webhook_change *change)
{
    const uint64_t hash = hash_of(change);

    for (struct map_entry *at = map_first(&smoothing->by_place, hash); at != NULL;
         at = map_next(at, hash)) {
        struct leaving *leaving = LIST_OWNER(at, struct leaving, entry);

        if (is_same_place(leaving->change, change))
            return leaving;
    }
    return NULL;
}

void webhook_smoothing_add(struct webhook_smoothing *smoothing, struct webhook_change *change,
                           uint64_t due_ms)
{
    struct leaving *leaving;

    if (find(smoothing, change) != NULL)
        return;
    leaving = mem_new(sizeof *leaving);
    leaving->change = webhook_change_ref(change);
    leaving->due_ms = due_ms;
    smoothing->bytes += bytes_of_leaving(leaving);
    list_append(&smoothing->in_order, &leaving->link);
    map_add(&smoothing->by_place, &leaving->entry, hash_of(change));
}

bool webhook_smoothing_cancel(struct webhook_smoothing *smoothing,
                              const struct webhook_change *change)
{
    struct leaving *leaving = find(smoothing, change);

    if (leaving == NULL)
        return false;
    webhook_change_unref(take_out(smoothing, leaving));
    return true;
}

uint64_t webhook_smoothing_due_ms(const struct webhook_smoothing *smoothing)
{
    return list_is_empty(&smoothing->in_order)
               ? UINT64_MAX
               : LIST_OWNER(smoothing->in_order.next, struct leaving, link)->due_ms;
}

struct webhook_change *webhook_smoothing_next(struct webhook_smoothing *smoothing, uint64_t now_ms)
{
    if (webhook_smoothing_due_ms(smoothing) > now_ms)
        return NULL;
    return take_out(smoothing, LIST_OWNER(smoothing->in_order.next, struct leaving, link));
}

void webhook_smoothing_forget_link(struct webhook_smoothing *smoothing, size_t link)
{
    LIST_EACH(at, following, &smoothing->in_order) {
        struct leaving *leaving = LIST_OWNER(at, struct leaving, link);

        if (leaving->change->is_abandoned ||
            (leaving->change->owner != NULL && leaving->change->link == link)) {
            webhook_change_abandon(leaving->change);
            webhook_change_unref(take_out(smoothing, leaving));
        }
    }
}
