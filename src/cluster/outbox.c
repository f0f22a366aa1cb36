#include "cluster/outbox.h"

#include "base/mem.h"

#include <string.h>

void cluster_outbox_init(struct cluster_outbox *outbox, size_t bytes_max)
{
    list_init(&outbox->events);
    outbox->count = 0;
    outbox->bytes = 0;
    outbox->bytes_max = bytes_max;
    outbox->next_number = 1;
}

struct bytes cluster_outbox_key(const struct cluster_outbox_event *event)
{
    return (struct bytes){event->key, event->key_len};
}

static size_t bytes_of_event(const struct cluster_outbox_event *event)
{
    return sizeof *event + event->key_len + (event->frame ? event->frame->len : 0);
}

static struct cluster_outbox_event *event_of(struct list *link)
{
    return LIST_OWNER(link, struct cluster_outbox_event, link);
}

void cluster_outbox_drop(struct cluster_outbox *outbox, struct cluster_outbox_event *event)
{
    list_remove(&event->link);
    outbox->count--;
    outbox->bytes -= bytes_of_event(event);
    net_chunk_unref(event->frame);
    free(event);
}

void cluster_outbox_deinit(struct cluster_outbox *outbox)
{
    LIST_EACH(link, following, &outbox->events) {
        cluster_outbox_drop(outbox, event_of(link));
    }
}

struct cluster_outbox_event *cluster_outbox_add(struct cluster_outbox *outbox, struct bytes key,
                                                uint64_t except, struct net_chunk *frame,
                                                uint64_t ttl_ms, bool is_delivered)
{
    struct cluster_outbox_event *event = mem_new(sizeof *event + key.len);

    event->number = outbox->next_number++;
    event->except = except;
    event->ttl_ms = ttl_ms;
    event->frame = frame ? net_chunk_ref(frame) : NULL;
    event->is_delivered = is_delivered;
    event->key_len = (uint32_t)key.len;
    memcpy(event->key, key.data, key.len);
    list_append(&outbox->events, &event->link);
    outbox->count++;
    outbox->bytes += bytes_of_event(event);
    return event;
}

struct cluster_outbox_event *cluster_outbox_surplus(const struct cluster_outbox *outbox)
{
    return outbox->bytes > outbox->bytes_max && outbox->count > 1 ? event_of(outbox->events.next)
                                                                  : NULL;
}

void cluster_outbox_deliver(struct cluster_outbox *outbox, struct cluster_outbox_event *event)
{
    event->is_delivered = true;
    if (event->is_acked)
        cluster_outbox_drop(outbox, event);
}

size_t cluster_outbox_acked(struct cluster_outbox *outbox, uint64_t first, uint64_t last)
{
    size_t count = 0;

    LIST_EACH(link, following, &outbox->events) {
        struct cluster_outbox_event *event = event_of(link);

        if (event->number > last)
            break;
        if (event->number < first)
            continue;
        count += !event->is_acked;
        event->is_acked = true;
        if (event->is_delivered)
            cluster_outbox_drop(outbox, event);
    }
    return count;
}

void cluster_outbox_refused(struct cluster_outbox *outbox, uint64_t first, uint64_t last)
{
    LIST_EACH(link, following, &outbox->events) {
        struct cluster_outbox_event *event = event_of(link);

        if (event->number > last)
            return;
        if (event->number >= first)
            event->is_sent = false;
    }
}

void cluster_outbox_forgive(struct cluster_outbox *outbox)
{
    LIST_EACH(link, following, &outbox->events) {
        event_of(link)->attempts = 0;
    }
}

void cluster_outbox_renumber(struct cluster_outbox *outbox)
{
    struct list renumbered;

    list_init(&renumbered);
    LIST_EACH(link, following, &outbox->events) {
        if (event_of(link)->is_sent)
            continue;
        list_remove(link);
        list_append(&renumbered, link);
    }
    LIST_EACH(link, following, &renumbered) {
        list_remove(link);
        list_append(&outbox->events, link);
        event_of(link)->number = outbox->next_number++;
    }
}

void cluster_outbox_show(struct cluster_outbox *outbox)
{
    atomic_store_explicit(&outbox->shown_count, outbox->count, memory_order_relaxed);
    atomic_store_explicit(&outbox->shown_bytes, outbox->bytes, memory_order_relaxed);
}

bool cluster_outbox_received(struct cluster_outbox *outbox, uint64_t number)
{
    LIST_EACH(link, following, &outbox->events) {
        struct cluster_outbox_event *event = event_of(link);

        if (event->number > number)
            return false;
        if (event->number < number)
            continue;
        if (event->is_delivered)
            return false;
        cluster_outbox_deliver(outbox, event);
        return true;
    }
    return false;
}
