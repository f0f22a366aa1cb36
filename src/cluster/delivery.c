#include "cluster/delivery.h"

void cluster_delivery_one(struct cluster_outbox *outbox, struct cluster_outbox_event *event,
                          const struct cluster_events *events, void *user)
{
    struct cluster_key key;

    if (event->is_delivered)
        return;
    if (!cluster_key_read(cluster_outbox_key(event), &key))
        return;
    if (event->frame == NULL)
        events->on_terminate(key.app_id, key.name, user);
    else
        events->on_event(key, event->except, net_chunk_bytes(event->frame), event->ttl_ms, user);
    cluster_outbox_deliver(outbox, event);
}

void cluster_delivery_range(struct cluster_outbox *outbox, uint64_t first, uint64_t last,
                            const struct cluster_events *events, void *user)
{
    LIST_EACH(at, following, &outbox->events) {
        struct cluster_outbox_event *event = LIST_OWNER(at, struct cluster_outbox_event, link);

        if (event->number > last)
            return;
        if (event->number >= first)
            cluster_delivery_one(outbox, event, events, user);
    }
}

void cluster_delivery_all(struct cluster_outbox *outbox, const struct cluster_events *events,
                          void *user)
{
    cluster_delivery_range(outbox, 0, UINT64_MAX, events, user);
}
