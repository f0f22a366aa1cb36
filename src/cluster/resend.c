#include "cluster/resend.h"

#include "base/log.h"

/* An event that is too large for Redis, or for what is before it, ends each connection that it is
 * sent on: kept like others, it would keep the node out of the cluster for ever. */
#define ATTEMPTS_MAX 5
/* As large as a call may be without one. */
#define TAKEN_BY_ALL_BYTES 262144

static bool is_too_large(const struct cluster_outbox_event *event)
{
    return !event->is_acked && event->attempts >= ATTEMPTS_MAX && event->frame != NULL &&
           event->frame->len > TAKEN_BY_ALL_BYTES;
}

static void drop(struct cluster_outbox *outbox, struct cluster_outbox_event *event)
{
    struct cluster_key key = {0};

    cluster_key_read(cluster_outbox_key(event), &key);
    log_error("an event of %zu bytes for \"%.*s\" was dropped for the other nodes: Redis has ended "
              "the connection each of the %u times that it was sent; does it limit the size of a "
              "call (proto-max-bulk-len)?",
              (size_t)event->frame->len, BYTES_ARGS(key.name), event->attempts);
    cluster_outbox_drop(outbox, event);
}

/* This node's subscribers have it already. The first one of them alone: what was sent behind it was
 * not seen by Redis. */
static size_t drop_too_large(struct cluster_outbox *outbox)
{
    LIST_EACH(at, following, &outbox->events) {
        struct cluster_outbox_event *event = LIST_OWNER(at, struct cluster_outbox_event, link);

        if (is_too_large(event)) {
            drop(outbox, event);
            cluster_outbox_forgive(outbox);
            return 1;
        }
    }
    return 0;
}

size_t cluster_resend(struct cluster_sender *sender)
{
    const size_t dropped_count = drop_too_large(sender->outbox);

    cluster_outbox_renumber(sender->outbox);
    LIST_EACH(at, following, &sender->outbox->events) {
        struct cluster_outbox_event *event = LIST_OWNER(at, struct cluster_outbox_event, link);

        if (!event->is_acked)
            cluster_batch_event(cluster_sender_batch(sender), event);
    }
    cluster_sender_flush(sender, NULL);
    return dropped_count;
}
