#include "cluster/kept.h"

#include "base/mem.h"

#include <string.h>

void cluster_kept_init(struct cluster_kept *kept, size_t bytes_max)
{
    list_init(&kept->events);
    kept->count = 0;
    kept->bytes = 0;
    kept->bytes_max = bytes_max;
    kept->next_number = 1;
}

struct bytes cluster_kept_key(const struct cluster_kept_event *event)
{
    return (struct bytes){event->key, event->key_len};
}

static size_t bytes_of_event(const struct cluster_kept_event *event)
{
    return sizeof *event + event->key_len + event->frame->len;
}

static struct cluster_kept_event *event_of(struct list *link)
{
    return LIST_OWNER(link, struct cluster_kept_event, link);
}

void cluster_kept_drop(struct cluster_kept *kept, struct cluster_kept_event *event)
{
    list_remove(&event->link);
    kept->count--;
    kept->bytes -= bytes_of_event(event);
    net_chunk_unref(event->frame);
    free(event);
}

void cluster_kept_deinit(struct cluster_kept *kept)
{
    LIST_EACH(link, following, &kept->events) {
        cluster_kept_drop(kept, event_of(link));
    }
}

struct cluster_kept_event *cluster_kept_add(struct cluster_kept *kept, struct bytes key,
                                            uint64_t except, struct net_chunk *frame,
                                            uint64_t ttl_ms, bool is_delivered)
{
    struct cluster_kept_event *event = mem_new(sizeof *event + key.len);

    event->number = kept->next_number++;
    event->except = except;
    event->ttl_ms = ttl_ms;
    event->frame = net_chunk_ref(frame);
    event->is_delivered = is_delivered;
    event->key_len = (uint32_t)key.len;
    memcpy(event->key, key.data, key.len);
    list_append(&kept->events, &event->link);
    kept->count++;
    kept->bytes += bytes_of_event(event);
    return event;
}

struct cluster_kept_event *cluster_kept_surplus(const struct cluster_kept *kept)
{
    return kept->bytes > kept->bytes_max && kept->count > 1 ? event_of(kept->events.next) : NULL;
}

void cluster_kept_deliver(struct cluster_kept *kept, struct cluster_kept_event *event)
{
    event->is_delivered = true;
    if (event->is_taken)
        cluster_kept_drop(kept, event);
}

void cluster_kept_taken(struct cluster_kept *kept, uint64_t number)
{
    LIST_EACH(link, following, &kept->events) {
        struct cluster_kept_event *event = event_of(link);

        if (event->number > number)
            return;
        event->is_taken = true;
        if (event->is_delivered)
            cluster_kept_drop(kept, event);
    }
}

bool cluster_kept_heard(struct cluster_kept *kept, uint64_t number)
{
    LIST_EACH(link, following, &kept->events) {
        struct cluster_kept_event *event = event_of(link);

        if (event->number > number)
            return false;
        if (event->number < number)
            continue;
        if (event->is_delivered)
            return false;
        cluster_kept_deliver(kept, event);
        return true;
    }
    return false;
}
