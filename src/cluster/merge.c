#include "cluster/merge.h"

#include "cluster/redis.h"

static bool is_before(struct cluster_merge_id one, struct cluster_merge_id other)
{
    return one.number != other.number ? one.number < other.number : one.order < other.order;
}

/* "number-order" */
static struct cluster_merge_id id_of(struct bytes text)
{
    struct bytes order = text;
    struct bytes number = BYTES_NONE;
    struct cluster_merge_id id = {0, 0};

    bytes_next(&order, '-', &number);
    if (!bytes_to_number(number, UINT64_MAX, &id.number) ||
        !bytes_to_number(order, UINT64_MAX, &id.order))
        return (struct cluster_merge_id){0, 0};
    return id;
}

/* [id, [name, value]] */
static struct cluster_merge_entry entry_of(const redisReply *reply)
{
    struct cluster_merge_entry entry = {.value = BYTES("")};
    const redisReply *fields;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return entry;
    entry.id_text = cluster_redis_text(reply->element[0]);
    entry.id = id_of(entry.id_text);
    fields = reply->element[1];
    if (fields->type != REDIS_REPLY_ARRAY || fields->elements != 2)
        return entry;
    entry.name = cluster_redis_text(fields->element[0]);
    entry.value = cluster_redis_text(fields->element[1]);
    return entry;
}

void cluster_merge_add(struct cluster_merge *merge, size_t stream, const redisReply *entries,
                       size_t requested)
{
    struct cluster_merge_id last;

    merge->entries[stream] = entries;
    if (entries->elements < requested)
        return;
    last = entry_of(entries->element[entries->elements - 1]).id;
    if (!merge->has_horizon || is_before(last, merge->horizon))
        merge->horizon = last;
    merge->has_horizon = true;
}

bool cluster_merge_next(struct cluster_merge *merge, struct cluster_merge_entry *entry)
{
    bool is_found = false;

    for (size_t i = 0; i < CLUSTER_MERGE_STREAMS_MAX; i++) {
        struct cluster_merge_entry first;

        if (merge->entries[i] == NULL || merge->at[i] == merge->entries[i]->elements)
            continue;
        first = entry_of(merge->entries[i]->element[merge->at[i]]);
        first.stream = i;
        if (!is_found || is_before(first.id, entry->id))
            *entry = first;
        is_found = true;
    }
    if (is_found && merge->has_horizon && is_before(merge->horizon, entry->id)) {
        merge->is_cut = true;
        return false;
    }
    if (is_found)
        merge->at[entry->stream]++;
    return is_found;
}
